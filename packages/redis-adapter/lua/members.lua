-- The members of a party, unless they are too many to be read.
-- KEYS  1 the party's set
-- ARGV  1 most members
-- Returns the members, or how many there are
local size = redis.call('SCARD', KEYS[1])
if size > tonumber(ARGV[1]) then return size end
return redis.call('SMEMBERS', KEYS[1])
