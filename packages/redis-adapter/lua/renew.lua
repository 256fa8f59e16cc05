-- Moves the deadlines of known, living devices later, where nothing else changes; declines all others.
-- KEYS  record and session of each renewal
-- ARGV  1 when it was decided  2 how old that may be (ms)  3 align, exact or off
--       then of each renewal: device, lease (ms), active time (ms) or '-', holder or '-'
-- Returns two digits a renewal in one text, whether it was renewed and whether there is a session; then each record, or ''
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local late, texts, flags, records = now - ARGV[1] > tonumber(ARGV[2]), {}, '', {}
local function text(ms) texts[ms] = texts[ms] or string.format('%013.0f', ms) return texts[ms] end
-- What replaces the record from its revision on, where that ends, and whether it is bound; nil declines.
local function patched(record, session, device, lease, active, holder)
  if late or not record or string.sub(record, 1, 2) ~= '1 ' then return nil end
  local _, at = string.find(record, '\nd ' .. device .. ' ', 1, true)
  if not at then return nil end
  local leaseUntil, activeUntil = string.sub(record, at + 1, at + 13), string.sub(record, at + 15, at + 27)
  if leaseUntil <= text(now) or text(now + lease) < leaseUntil then return nil end
  if holder ~= '-' and string.sub(record, at + 43, string.find(record, '\n', at, true) - 1) ~= holder then return nil end
  if active ~= '-' then
    if tonumber(active) <= 0 or activeUntil <= text(now) or text(now + active) < activeUntil then return nil end
    activeUntil = text(now + active)
  end
  -- The session says what the record says, or there is none that it knew of.
  local bound = string.sub(record, 83, 83) == 'b'
  if bound and redis.pcall('HGET', session, 'status') ~= string.match(record, '^%u+', 33) then return nil end
  if not bound and redis.call('EXISTS', session) == 1 then return nil end
  local head = string.format('%012.0f', string.sub(record, 3, 14) + 1) .. string.sub(record, 15, at)
  return head .. text(now + lease) .. ' ' .. activeUntil .. ' ' .. text(now), at + 41, bound
end
for i = 1, #KEYS, 2 do
  local a, record, session = 2 + i * 2, redis.pcall('GET', KEYS[i]), KEYS[i + 1]
  if type(record) ~= 'string' then record = false end -- An error too: the commit tells it, of this user alone.
  local patch, last, bound = patched(record, session, ARGV[a], ARGV[a + 1], ARGV[a + 2], ARGV[a + 3])
  if patch then redis.call('SETRANGE', KEYS[i], 2, patch) end
  local short = bound and (ARGV[3] == 'exact' or ARGV[3] == 'align' and redis.call('PTTL', session) < tonumber(ARGV[a + 1]))
  if short then redis.call('PEXPIRE', session, ARGV[a + 1]) end
  local exists = patch and bound or not patch and redis.call('EXISTS', session) == 1
  flags = flags .. (patch and '1' or '0') .. (exists and '1' or '0')
  records[#records + 1] = patch and '1 ' .. patch .. string.sub(record, last + 1) or record or ''
end
return { flags, unpack(records) }
