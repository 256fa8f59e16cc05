-- Moves the deadlines of known, living devices later, where nothing else changes; declines all others.
-- KEYS  record and session of each renewal
-- ARGV  1 when it was decided  2 how old that may be (ms)  3 align, exact or off
--       then of each renewal: device, lease (ms), active time (ms) or '-', holder or '-'
-- Returns of each renewal: 1 if renewed, the record or '', 1 if there is a session
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local fresh = now - ARGV[1] <= tonumber(ARGV[2])
local function text(ms) return string.format('%013.0f', ms) end
local function patched(record, session, device, lease, active, holder)
  if not fresh or not record or string.sub(record, 1, 2) ~= '1 ' then return nil end
  local _, at = string.find(record, '\nd ' .. device .. ' ', 1, true)
  if not at then return nil end
  local leaseUntil, activeUntil = string.sub(record, at + 1, at + 13), string.sub(record, at + 15, at + 27)
  if leaseUntil <= text(now) or text(now + lease) < leaseUntil then return nil end
  if holder ~= '-' and string.sub(record, at + 43, string.find(record, '\n', at, true) - 1) ~= holder then return nil end
  if active ~= '-' then
    local later = text(now + active)
    if activeUntil <= text(now) or later < activeUntil or tonumber(active) <= 0 then return nil end
    activeUntil = later
  end
  -- The session says what the record says, or there is none that it knew of.
  local shown = redis.pcall('HGET', session, 'status')
  local bound = string.sub(record, 83, 83) == 'b'
  if bound and shown ~= string.match(string.sub(record, 33, 39), '%u+') then return nil end
  if not bound and redis.call('EXISTS', session) == 1 then return nil end
  local revision = string.format('%012.0f', tonumber(string.sub(record, 3, 14)) + 1)
  return revision .. string.sub(record, 15, at) .. text(now + lease) .. ' ' .. activeUntil .. ' ' .. text(now), at + 41
end
local results = {}
for i = 1, #KEYS, 2 do
  local key, session, first = KEYS[i], KEYS[i + 1], 4 + (i - 1) * 2
  local record, lease = redis.call('GET', key), ARGV[first + 1]
  local patch, last = patched(record, session, ARGV[first], lease, ARGV[first + 2], ARGV[first + 3])
  if patch then
    redis.call('SETRANGE', key, 2, patch)
    record = '1 ' .. patch .. string.sub(record, last + 1)
    local short = ARGV[3] == 'exact'
    if ARGV[3] == 'align' then short = redis.call('PTTL', session) < tonumber(lease) end
    if short then redis.call('PEXPIRE', session, lease) end
  end
  results[#results + 1] = patch and 1 or 0
  results[#results + 1] = record or ''
  results[#results + 1] = redis.call('EXISTS', session)
end
return results
