-- Takes users that are due for one sweeper; whoever it does not finish in time is due again.
-- KEYS  due set and claim set of each partition
-- ARGV  1 now (ms)  2 at most so many  3 how long a claim holds (ms)
-- Returns the oldest due time of those taken, or '', then the user ids
local now, left, till = ARGV[1], tonumber(ARGV[2]), ARGV[1] + ARGV[3]
local oldest, taken = nil, { '' }
for i = 1, #KEYS, 2 do
  if left == 0 then break end
  -- A claim out of time first: its sweeper died.
  local late = redis.call('ZRANGEBYSCORE', KEYS[i + 1], '-inf', now, 'LIMIT', 0, left)
  local due = {}
  if #late < left then due = redis.call('ZRANGEBYSCORE', KEYS[i], '-inf', now, 'WITHSCORES', 'LIMIT', 0, left - #late) end
  for _, user in ipairs(late) do
    redis.call('ZADD', KEYS[i + 1], till, user)
    taken[#taken + 1] = user
  end
  for j = 1, #due, 2 do
    -- Out of the due set, so that a commit that makes him due earlier adds an entry of its own, and is not lost in ours.
    redis.call('ZREM', KEYS[i], due[j])
    redis.call('ZADD', KEYS[i + 1], till, due[j])
    taken[#taken + 1] = due[j]
    oldest = math.min(oldest or tonumber(due[j + 1]), tonumber(due[j + 1]))
  end
  left = left - #late - #due / 2
end
if oldest then taken[1] = string.format('%.0f', oldest) end
return taken
