-- Moves the watch clock on: the same rule as advanceClock of the domain, in one step for all servers.
-- KEYS  1 the clock (hash: tick, from, until, blind; lost = when lost writes were noticed; before = up to three earlier windows,
--       'from-until' with the newest first; run = the run of Redis that wrote it; server:<id> = that server's own last tick)
-- ARGV  1 server:<id>  2 the caller's last acknowledged tick, or ''  3 gap  4 lease  5 blind time (all ms)  6 '1' if the
--       caller knows of lost writes by itself, '0' if of none, '' if the run tells
-- Returns { now, from, until, blind, before, lost }, 0 where there is none
local time = redis.call('TIME')
local stored = redis.call('HMGET', KEYS[1], 'tick', 'from', 'until', 'blind', ARGV[1], 'before', 'run', 'lost')
-- A Redis that has begun anew, or another one in its place, may lack what was acknowledged. Where INFO is refused, ticks alone tell.
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or stored[7] or ''
local remembered = tonumber(ARGV[2])
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local tick = tonumber(stored[1]) or remembered or now
now = math.max(now, tick, remembered or 0)
local from, till, blind = tonumber(stored[2]) or 0, tonumber(stored[3]) or 0, tonumber(stored[4]) or 0
local before, lostAt = stored[6] or '', tonumber(stored[8]) or 0
-- What was lost before somebody else noticed it, is noticed.
local forgotten = remembered ~= nil and (tonumber(stored[5]) or 0) < remembered and remembered > lostAt
local lost = ARGV[6] == '1' or forgotten or ARGV[6] == '' and (stored[7] or run) ~= run
local gap = tonumber(ARGV[3])
local function text(number) return string.format('%.0f', number) end
if now - tick > gap or lost then
  if till <= tick + gap then
    if till > 0 then before = string.match(text(from) .. '-' .. text(till) .. ' ' .. before .. '  ', '^(%S+ ?%S* ?%S*)') end
    from = tick + gap
  end
  till = now + tonumber(ARGV[4])
  if lost then lostAt = now end
  if lost or tick < blind then blind = math.max(blind, now + tonumber(ARGV[5])) end
end
local written = { 'tick', text(now), 'from', text(from), 'until', text(till), 'blind', text(blind), 'lost', text(lostAt) }
redis.call('HSET', KEYS[1], ARGV[1], text(now), 'before', before, 'run', run, unpack(written))
-- Servers come and go under new names; those that have not ticked for a day are gone.
if redis.call('HLEN', KEYS[1]) > 100 then
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 7) == 'server:' and tonumber(all[i + 1]) < now - 86400000 then redis.call('HDEL', KEYS[1], all[i]) end
  end
end
return { text(now), text(from), text(till), text(blind), before, text(lostAt) }
