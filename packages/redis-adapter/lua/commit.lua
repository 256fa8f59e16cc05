-- Writes one decided change, all of it or nothing.
-- KEYS  1 record  2 session
-- ARGV  1 expected revision, or '' for no record  2 '1' if a session was there, else '0'  3 when it was decided  4 how old
--       that may be (ms)  5 the record  6 its time to live (ms)  7 the status  8 align, exact or off  9 lease (ms)
--       10 PUBLISH or SPUBLISH  11 channel  12 event, or ''  13 from when on it is stale (ms), or ''
-- Returns 0 committed, 1 conflict, 2 stale, 3 a format that we do not know. Publishes the event.
local head = redis.call('GETRANGE', KEYS[1], 0, 13)
if head ~= '' and string.sub(head, 1, 2) ~= '1 ' then return 3 end
if string.sub(head, 3) ~= ARGV[1] then return 1 end
if redis.call('EXISTS', KEYS[2]) ~= tonumber(ARGV[2]) then return 1 end
-- A write that timed out may arrive long after others have decided otherwise.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now - ARGV[3] > tonumber(ARGV[4]) or now >= (tonumber(ARGV[13]) or math.huge) then return 2 end
if ARGV[2] == '1' then
  -- First, because it fails where the session is no hash: then nothing is half written.
  redis.call('HSET', KEYS[2], 'status', ARGV[7])
  local short = ARGV[8] == 'exact'
  if ARGV[8] == 'align' then short = redis.call('PTTL', KEYS[2]) < tonumber(ARGV[9]) end
  if short then redis.call('PEXPIRE', KEYS[2], ARGV[9]) end
end
redis.call('SET', KEYS[1], ARGV[5], 'PX', ARGV[6])
if ARGV[12] ~= '' then redis.call(ARGV[10], ARGV[11], ARGV[12]) end
return 0
