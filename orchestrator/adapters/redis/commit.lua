-- Apply the commits of one shard, each atomically and in order. O(1) per reaction, no rule logic.
--
-- The marker is written last: where a command is refused half-way (a user without permission for
-- it), an entry without its marker is sent twice under one id, a marker without its entry never.
--
-- KEYS: 1 epoch, 2-4 markers of this dedupe window, of the one before and, as clocks differ, of the
--       next one, 5 outbox, 6.. the instances that are written
-- ARGV: 1 the epoch this process knows, 2 seconds markers live, then per commit:
--       number of reactions, position of its instance in KEYS or 0,
--       [when not 0] expected version or '', next value or '' to remove it,
--       per reaction: id, outbox entry or ''
-- Returns per commit: 1 committed, 0 conflict, or for duplicates a flat list of
--       id, outbox entry or '' of the reactions that were committed before.
local epoch, seen, outbox = KEYS[1], KEYS[2], KEYS[5]
if redis.call('GET', epoch) ~= ARGV[1] then
  return redis.error_reply('EPOCH this server does not hold what was written')
end

local function known(id)
  return redis.call('SISMEMBER', seen, id) == 1
    or redis.call('SISMEMBER', KEYS[3], id) == 1
    or redis.call('SISMEMBER', KEYS[4], id) == 1
end

local results, at = {}, 3
while at <= #ARGV do
  local reactions, position = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local instance, expected, value = nil, nil, nil
  at = at + 2
  if position > 0 then
    instance, expected, value = KEYS[position], ARGV[at], ARGV[at + 1]
    at = at + 2
  end
  local last = at + 2 * reactions - 2

  local done = {}
  for i = at, last, 2 do
    local id = ARGV[i]
    if known(id) then
      done[#done + 1] = id
      done[#done + 1] = redis.call('HGET', outbox, id) or ''
    end
  end

  if #done > 0 then
    results[#results + 1] = done
  elseif instance and redis.call('GETRANGE', instance, 0, 15) ~= expected then
    results[#results + 1] = 0
  else
    for i = at, last, 2 do
      if ARGV[i + 1] ~= '' then
        redis.call('HSET', outbox, ARGV[i], ARGV[i + 1])
      end
    end
    if instance and value == '' then
      redis.call('DEL', instance)
    elseif instance then
      redis.call('SET', instance, value)
    end
    for i = at, last, 2 do
      redis.call('SADD', seen, ARGV[i])
    end
    results[#results + 1] = 1
  end
  at = last + 2
end
redis.call('EXPIRE', seen, ARGV[2])
return results
