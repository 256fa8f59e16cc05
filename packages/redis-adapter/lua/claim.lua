-- Takes users of one partition that are due for one sweeper; whoever it does not finish in time is due again.
-- KEYS  1 due set  2 claim set
-- ARGV  1 now (ms)  2 at most so many  3 how long a claim holds (ms)
-- Returns the oldest due time of those taken, or '', then the user ids
local dues, claims, now, left = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])
local held = redis.call('ZCARD', claims)
local taken, taking = { '' }, {}
local function take(user)
  taken[#taken + 1] = user
  taking[#taking + 1] = ARGV[1] + ARGV[3]
  taking[#taking + 1] = user
  left = left - 1
end
-- A claim out of time first: its sweeper died.
for _, user in ipairs(redis.call('ZRANGEBYSCORE', claims, '-inf', now, 'LIMIT', 0, left)) do take(user) end
-- Those who are held stand before others: as many more are looked at, within bounds.
local due = redis.call('ZRANGEBYSCORE', dues, '-inf', now, 'WITHSCORES', 'LIMIT', 0, left + math.min(held, 200))
local gone = {}
for i = 1, #due, 2 do
  if left == 0 then break end
  -- Who is held and became due again stays in the due set. A second claim of him would end with the first one's finish:
  -- if its sweeper then died, nobody would look again.
  if held == 0 or not redis.call('ZSCORE', claims, due[i]) then
    if taken[1] == '' then taken[1] = due[i + 1] end
    gone[#gone + 1] = due[i]
    take(due[i])
  end
end
-- Out of the due set, so that a commit that makes him due earlier adds an entry of its own, and is not lost in ours.
if #gone > 0 then redis.call('ZREM', dues, unpack(gone)) end
if #taking > 0 then redis.call('ZADD', claims, unpack(taking)) end
return taken
