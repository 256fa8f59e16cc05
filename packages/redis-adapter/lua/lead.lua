-- Lets one server at a time do a task.
-- KEYS  1 who does it
-- ARGV  1 the server that asks  2 for how long (ms)
-- Returns 1 if that server may, else 0
local leader = redis.call('GET', KEYS[1])
if leader and leader ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
