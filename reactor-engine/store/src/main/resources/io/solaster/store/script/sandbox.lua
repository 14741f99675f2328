-- What scripts see. Run once in each state, with
--   native   the functions that the server gives, by name
--   globals  what scripts see by name, empty yet: KEYS and ARGV are put there for each script
--   public   the table that scripts have as their globals, empty always
--   level    level[1] is how many threads of the running script wait for one another, each beyond its first
-- and answers the tables that no script may change. Functions made here have the globals of scripts, so they use none.
local native, globals, public, level, pattern_limit = ...

local string, table, math = native.string, native.table, native.math
local type, tostring, tonumber, error = native.type, native.tostring, native.tonumber, native.error
local next, rawset, rawget = native.next, native.rawset, native.rawget
local setmetatable, loadstring, raw_pcall = native.setmetatable, native.loadstring, native.pcall
local create, resume, yield, status = native.coroutine.create, native.coroutine.resume, native.coroutine.yield,
    native.coroutine.status
local running = native.coroutine.running
local select = native.select
local byte, find, floor = string.byte, string.find, math.floor

-- Tables that no script may change: each is an empty one in front of the real one.

local inner = {}

local READONLY = 'Attempt to modify a readonly table'

local function refuse()
    error(READONLY, 2)
end

local locked

local function protect(real)
    local front = {}
    inner[front] = real
    setmetatable(front, {__index = real, __newindex = refuse, __metatable = locked})
    return front
end

locked = protect({})
native.getmetatable(locked).__metatable = locked

-- Threads. A script may leave off at any instruction, when its turn is over, or for what another shard answers. Then the threads
-- that wait for one another leave off as well, and go on as they did. What a script itself yields is marked. Each thread counts
-- the one that it waits for whenever it goes on with it, since that may be from elsewhere than before.

local MARK = {}

local function run(f, ...)
    return f(...)
end

-- pcall in a thread of its own, since nothing could leave off within the native one.

local function plain(ok, ...)
    if ok then
        return true, ...
    end
    local problem = ...
    if type(problem) == 'table' then
        local text = rawget(problem, 'err')
        if type(text) == 'string' or type(text) == 'number' then
            return false, text
        end
    end
    return false, problem
end

local caught

local function catch(thread, ...)
    local before = level[1]
    level[1] = before + 1
    return caught(thread, before, resume(thread, ...))
end

caught = function(thread, before, ok, ...)
    level[1] = before
    if not ok then
        return plain(false, ...)
    end
    if status(thread) == 'dead' then
        return true, ...
    end
    return catch(thread, yield(...))
end

-- What cannot be called, and what does nothing but fail, need no thread. What the server gives does: where it fails its thread
-- ends, whoever catches that.
local simple = {['nil'] = true, boolean = true, number = true, string = true}

local function pcall(...)
    local f = ...
    if select('#', ...) == 0 then
        error("bad argument #1 to 'pcall' (value expected)", 2)
    end
    if f == error or f == native.assert or simple[type(f)] then
        return plain(raw_pcall(...))
    end
    return catch(create(run), ...)
end

local function handled(handler, ok, ...)
    if ok then
        return true, ...
    end
    local fine, result = pcall(handler, ...)
    return false, result
end

local caught_raw

local function catch_raw(thread, ...)
    local before = level[1]
    level[1] = before + 1
    return caught_raw(thread, before, resume(thread, ...))
end

caught_raw = function(thread, before, ok, ...)
    level[1] = before
    if not ok or status(thread) == 'dead' then
        return ok, ...
    end
    return catch_raw(thread, yield(...))
end

local function xpcall(f, handler)
    return handled(handler, catch_raw(create(run), f))
end

local threads = setmetatable({}, {__mode = 'k'})

local resumed

local function go_on(thread, ...)
    local before = level[1]
    level[1] = before + 1
    return resumed(thread, before, resume(thread, ...))
end

resumed = function(thread, before, ok, ...)
    level[1] = before
    if not ok or status(thread) == 'dead' then
        return ok, ...
    end
    if ... == MARK then
        return true, select(2, ...)
    end
    return go_on(thread, yield(...))
end

local coroutine = {}

coroutine.create = function(f)
    local thread = create(f)
    threads[thread] = true
    return thread
end

coroutine.resume = function(thread, ...)
    if not threads[thread] then
        return resume(thread, ...)
    end
    return go_on(thread, ...)
end

local function unwrapped(ok, ...)
    if not ok then
        error((...), 0)
    end
    return ...
end

coroutine.wrap = function(f)
    local thread = coroutine.create(f)
    return function(...)
        return unwrapped(coroutine.resume(thread, ...))
    end
end

coroutine.yield = function(...)
    return yield(MARK, ...)
end

coroutine.status = status

coroutine.running = function()
    local thread = running()
    return threads[thread] and thread or nil
end

-- Compiling.

-- The compiler does not keep the name that it is given, so that lies on the stack, without what is behind a zero.
local function compile(text, name)
    if byte(text, 1) == 27 then
        return nil, 'binary chunks are not loaded'
    end
    name = name or text
    local zero = find(name, '%z')
    if zero then
        name = string.sub(name, 1, zero - 1)
    end
    local f, problem = loadstring(text, name)
    if f then
        return f
    end
    return nil, problem
end

globals.loadstring = function(text, name)
    text = type(text) == 'number' and tostring(text) or text
    if type(text) ~= 'string' then
        error("bad argument #1 to 'loadstring' (string expected, got " .. type(text) .. ')', 2)
    end
    return compile(text, type(name) == 'number' and tostring(name) or name)
end

globals.load = function(reader, name)
    if type(reader) ~= 'function' then
        error("bad argument #1 to 'load' (function expected, got " .. type(reader) .. ')', 2)
    end
    local parts, count = {}, 0
    while true do
        local part = reader()
        if part == nil or part == '' then
            break
        end
        if type(part) ~= 'string' then
            return nil, 'reader function must return a string'
        end
        count = count + 1
        parts[count] = part
    end
    return compile(table.concat(parts), name or '=(load)')
end

-- Lua's own functions.

globals.assert = native.assert
globals.error = error
globals.gcinfo = native.gcinfo
globals.getmetatable = native.getmetatable
globals.ipairs = native.ipairs
globals.next = next
globals.pcall = pcall
globals.rawequal = native.rawequal
globals.select = select
globals.tonumber = tonumber
globals.tostring = tostring
globals.type = type
globals.xpcall = xpcall
globals._VERSION = native._VERSION
globals._G = public

globals.collectgarbage = function(what)
    if what == 'count' then
        return native.collectgarbage('count')
    end
    if what == nil or what == 'collect' or what == 'step' then
        native.collectgarbage('step', 100)
    end
    return 0
end

globals.pairs = function(t)
    local real = inner[t]
    if real == nil then
        return native.pairs(t)
    end
    return function(_, key)
        return next(real, key)
    end, t, nil
end

globals.rawget = function(t, key)
    return rawget(inner[t] or t, key)
end

globals.rawset = function(t, key, value)
    if inner[t] then
        error(READONLY, 0)
    end
    return rawset(t, key, value)
end

globals.setmetatable = function(t, meta)
    if inner[t] then
        error(READONLY, 0)
    end
    return setmetatable(t, meta)
end

globals.unpack = native.own.unpack

-- table

local tables = {}
for name, f in native.pairs(table) do
    tables[name] = f
end

for _, name in native.ipairs({'insert', 'remove', 'sort', 'setn'}) do
    local change = table[name]
    tables[name] = function(t, ...)
        if inner[t] then
            error(READONLY, 0)
        end
        return change(t, ...)
    end
end

-- string

local strings = {}
for name, f in native.pairs(string) do
    strings[name] = f
end

strings.rep = native.own.rep

-- How deep a match goes is bounded by the length of its pattern.
local function check(pattern)
    if type(pattern) == 'string' and #pattern > pattern_limit and find(pattern, '[%^%$%*%+%?%.%(%[%%%-]') then
        error('pattern too long', 3)
    end
end

strings.find = function(text, pattern, init, plain)
    if not plain then
        check(pattern)
    end
    return find(text, pattern, init, plain)
end

local match, gmatch, gsub = string.match, string.gmatch, string.gsub

strings.match = function(text, pattern, init)
    check(pattern)
    return match(text, pattern, init)
end

strings.gmatch = function(text, pattern)
    check(pattern)
    return gmatch(text, pattern)
end

strings.gfind = strings.gmatch

strings.gsub = function(text, pattern, ...)
    check(pattern)
    return gsub(text, pattern, ...)
end

-- math

local maths = {}
for name, f in native.pairs(math) do
    maths[name] = f
end

-- What the server gives.

local function library(from)
    local lib = {}
    for name, f in native.pairs(from) do
        lib[name] = f
    end
    return lib
end

maths.random, maths.randomseed = native.maths.random, native.maths.randomseed

local redis = library(native.redis)

redis.error_reply = function(...)
    local text = ...
    if select('#', ...) ~= 1 or type(text) ~= 'string' then
        return {err = 'ERR wrong number or type of arguments'}
    end
    if byte(text, 1) == 45 then
        text = string.sub(text, 2)
    end
    local code, rest = match(text, '^([^ ]*) (.*)$')
    if not code then
        code, rest = 'ERR', text
    end
    return {err = code .. ' ' .. gsub(match(rest, '^[\r\n]*(.*)$'), '[\r\n]+$', '')}
end

redis.status_reply = function(...)
    local text = ...
    if select('#', ...) ~= 1 or type(text) ~= 'string' then
        return {err = 'ERR wrong number or type of arguments'}
    end
    return {ok = text}
end

redis.breakpoint = function()
    return false
end

redis.debug = function() end

redis.replicate_commands = function()
    return true
end

redis.LOG_DEBUG, redis.LOG_VERBOSE, redis.LOG_NOTICE, redis.LOG_WARNING = 0, 1, 2, 3
redis.REPL_NONE, redis.REPL_AOF, redis.REPL_SLAVE, redis.REPL_REPLICA, redis.REPL_ALL = 0, 1, 2, 2, 3
redis.REDIS_VERSION, redis.REDIS_VERSION_NUM = '7.0.15', 0x0007000f

local json = library(native.cjson)
json.null, json._NAME, json._VERSION = native.null, 'cjson', '2.1.0'

local pack = library(native.cmsgpack)
pack._NAME, pack._VERSION = 'cmsgpack', 'lua-cmsgpack 0.4.0'

globals.string = protect(strings)
globals.table = protect(tables)
globals.math = protect(maths)
globals.coroutine = protect(coroutine)
globals.redis = protect(redis)
globals.bit = protect(library(native.bit))
globals.cjson = protect(json)
globals.cmsgpack = protect(pack)
globals.struct = protect(library(native.struct))
globals.os = protect({clock = native.os.clock})

local meta = native.getmetatable('')
meta.__index = strings
meta.__metatable = locked

inner[public] = globals
setmetatable(globals, {__index = function(_, name)
    error("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 2)
end})
setmetatable(public, {__index = globals, __newindex = refuse, __metatable = locked})
