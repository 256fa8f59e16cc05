-- Moves the watch clock on: the same rule as advanceClock of the domain, in one step for all servers.
-- KEYS  1 the clock (hash: tick, from, until, blind, and server:<id> = that server's own last tick)
-- ARGV  1 server:<id>  2 the caller's last acknowledged tick, or ''  3 gap  4 lease  5 blind time (all ms)  6 '1' if the
--       caller knows of lost writes by itself
-- Returns { now, from, until, blind }, 0 where there is none
local time = redis.call('TIME')
local stored = redis.call('HMGET', KEYS[1], 'tick', 'from', 'until', 'blind', ARGV[1])
local remembered = tonumber(ARGV[2])
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local tick = tonumber(stored[1]) or remembered or now
now = math.max(now, tick)
local from, till, blind = tonumber(stored[2]) or 0, tonumber(stored[3]) or 0, tonumber(stored[4]) or 0
local lost = ARGV[6] == '1' or remembered ~= nil and (tonumber(stored[5]) or 0) < remembered
local gap = tonumber(ARGV[3])
if now - tick > gap or lost then
  if till <= tick + gap then from = tick + gap end
  till = now + tonumber(ARGV[4])
  if lost then blind = math.max(blind, now + tonumber(ARGV[5])) end
end
local function text(number) return string.format('%.0f', number) end
redis.call('HSET', KEYS[1], 'tick', text(now), 'from', text(from), 'until', text(till), 'blind', text(blind), ARGV[1], text(now))
-- Servers come and go under new names; those that have not ticked for a day are gone.
if redis.call('HLEN', KEYS[1]) > 100 then
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 7) == 'server:' and tonumber(all[i + 1]) < now - 86400000 then redis.call('HDEL', KEYS[1], all[i]) end
  end
end
return { text(now), text(from), text(till), text(blind) }
