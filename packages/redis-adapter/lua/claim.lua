-- Takes users that are due for one sweeper; whoever it does not finish in time is due again.
-- KEYS  due set and claim set of each partition
-- ARGV  1 now (ms)  2 at most so many  3 how long a claim holds (ms)
-- Returns the oldest due time of those taken, or '', then the user ids
local now, left, till = ARGV[1], tonumber(ARGV[2]), ARGV[1] + ARGV[3]
local oldest, taken = nil, { '' }
local function take(claims, user)
  redis.call('ZADD', claims, till, user)
  taken[#taken + 1] = user
  left = left - 1
end
for i = 1, #KEYS, 2 do
  if left == 0 then break end
  local dues, claims = KEYS[i], KEYS[i + 1]
  -- A claim out of time first: its sweeper died.
  for _, user in ipairs(redis.call('ZRANGEBYSCORE', claims, '-inf', now, 'LIMIT', 0, left)) do take(claims, user) end
  local due = redis.call('ZRANGEBYSCORE', dues, '-inf', now, 'WITHSCORES', 'LIMIT', 0, left)
  for j = 1, #due, 2 do
    -- Who is held and became due again stays in the due set. A second claim of him would end with the first one's finish:
    -- if its sweeper then died, nobody would look again.
    if not redis.call('ZSCORE', claims, due[j]) then
      -- Out of the due set, so that a commit that makes him due earlier adds an entry of its own, and is not lost in ours.
      redis.call('ZREM', dues, due[j])
      oldest = math.min(oldest or tonumber(due[j + 1]), tonumber(due[j + 1]))
      take(claims, due[j])
    end
  end
end
if oldest then taken[1] = string.format('%.0f', oldest) end
return taken
