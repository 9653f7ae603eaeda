-- Apply the commits of one shard, each atomically and in order. O(1) per reaction and write (the
-- sorted sets are logarithmic), no rule logic.
--
-- The marker is written last: where a command is refused half-way (a user without permission for
-- it), an entry without its marker is sent twice under one id, a marker without its entry never.
--
-- KEYS: 1 epoch, 2-4 markers of this dedupe window, of the one before and, as clocks differ, of the
--       next one, 5 outbox, 6 timers, 7 names of the indexes that have members,
--       8.. pairs: an instance that is written, and the index of its definition's open instances
-- ARGV: 1 the epoch this process knows, 2 seconds markers live, 3 now in ms, then per commit:
--       number of reactions, number of writes, timer that led to it or '', its due time in ms,
--       per write: position of its pair in KEYS, expected version or '', next value or '' to
--         remove it, its timer's name, due time in ms or '' for none, its name in the index or '',
--       per reaction: id, outbox entry or ''
-- Returns per commit: 1 committed, 0 conflict, or for duplicates a flat list of
--       id, outbox entry or '' of the reactions that were committed before.
local epoch, seen, outbox, timers, indexes = KEYS[1], KEYS[2], KEYS[5], KEYS[6], KEYS[7]
if redis.call('GET', epoch) ~= ARGV[1] then
  return redis.error_reply('EPOCH this server does not hold what was written')
end

local function known(id)
  return redis.call('SISMEMBER', seen, id) == 1
    or redis.call('SISMEMBER', KEYS[3], id) == 1
    or redis.call('SISMEMBER', KEYS[4], id) == 1
end

local function committed_before(first, last)
  local done = {}
  for i = first, last, 2 do
    local id = ARGV[i]
    if known(id) then
      done[#done + 1] = id
      done[#done + 1] = redis.call('HGET', outbox, id) or ''
    end
  end
  return done
end

local function as_expected(first, last, timer, due)
  if timer ~= '' and tonumber(redis.call('ZSCORE', timers, timer) or '-1') ~= tonumber(due) then
    return false
  end
  for i = first, last, 6 do
    if redis.call('GETRANGE', KEYS[tonumber(ARGV[i])], 0, 15) ~= ARGV[i + 1] then
      return false
    end
  end
  return true
end

local function list(index, name)
  if redis.call('ZADD', index, ARGV[3], name) == 1 and redis.call('ZCARD', index) == 1 then
    redis.call('SADD', indexes, index)
  end
end

local function strike(index, name)
  if redis.call('ZREM', index, name) == 1 and redis.call('EXISTS', index) == 0 then
    redis.call('SREM', indexes, index)
  end
end

local function write(i)
  local position = tonumber(ARGV[i])
  local instance, index = KEYS[position], KEYS[position + 1]
  local value, timer, due, name = ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5]
  if value == '' then
    redis.call('DEL', instance)
    if name ~= '' then strike(index, name) end
  else
    redis.call('SET', instance, value)
    if name ~= '' then list(index, name) end
  end
  if due == '' then
    redis.call('ZREM', timers, timer)
  else
    redis.call('ZADD', timers, due, timer)
  end
end

local results, at = {}, 4
while at <= #ARGV do
  local reactions, writes = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local timer, due = ARGV[at + 2], ARGV[at + 3]
  local first_write, last_write = at + 4, at + 6 * writes - 2
  local first_reaction = at + 4 + 6 * writes
  local last_reaction = first_reaction + 2 * reactions - 2

  local done = committed_before(first_reaction, last_reaction)
  if #done > 0 then
    results[#results + 1] = done
  elseif not as_expected(first_write, last_write, timer, due) then
    results[#results + 1] = 0
  else
    for i = first_reaction, last_reaction, 2 do
      if ARGV[i + 1] ~= '' then
        redis.call('HSET', outbox, ARGV[i], ARGV[i + 1])
      end
    end
    for i = first_write, last_write, 6 do
      write(i)
    end
    for i = first_reaction, last_reaction, 2 do
      redis.call('SADD', seen, ARGV[i])
    end
    results[#results + 1] = 1
  end
  at = last_reaction + 2
end
redis.call('EXPIRE', seen, ARGV[2])
return results
