package io.solaster.store.script;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

import io.solaster.engine.memory.Memory;

/**
 * The C interface of Lua 5.1, by the names of what its functions do. A state is an address, and is used by one thread at a
 * time.
 *
 * <p>
 * An error in Lua is a jump in C, which must not cross a frame of Java. So what is called while Java runs within a script never
 * fails: it calls no code of the script, and {@link LuaHeap} gives it memory beyond the limit. What cannot call back, since it
 * neither allocates nor runs code, is called the quick way. To be used only where {@link LuaLibrary} was found.
 *
 * <p>
 * Longer than 500 lines because each function of C takes some.
 */
final class Lua {
    static final int YIELD = 1;
    static final int ERROR_MEMORY = 4;
    static final int MANY_RESULTS = -1;

    static final int REGISTRY = -10000;
    static final int GLOBALS = -10002;

    static final int NONE = -1;
    static final int NIL = 0;
    static final int BOOLEAN = 1;
    static final int POINTER = 2;
    static final int NUMBER = 3;
    static final int STRING = 4;
    static final int TABLE = 5;
    static final int FUNCTION = 6;

    static final int GC_STOP = 0;
    static final int GC_RESTART = 1;
    static final int GC_STEP = 5;
    static final int GC_SET_PAUSE = 6;

    static final int HOOK_RETURN = 1 << 1;
    static final int HOOK_LINE = 1 << 2;
    static final int HOOK_COUNT = 1 << 3;

    /** Where a state counts calls of C that are under way, and where those had begun when it was resumed. */
    private static final int C_CALLS = 96;
    private static final int BASE_C_CALLS = 98;
    private static final int HOOK_COUNT_SET = 104;
    private static final int HOOK_FUNCTION = 112;

    private static final MethodHandle LUA_NEWSTATE = call("lua_newstate",
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle LUA_NEWTHREAD = call("lua_newthread",
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
    private static final MethodHandle LUA_GETTOP = quick("lua_gettop", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
    private static final MethodHandle LUA_SETTOP = quick("lua_settop", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_PUSHVALUE = quick("lua_pushvalue",
            FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_REMOVE = quick("lua_remove", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_INSERT = quick("lua_insert", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_REPLACE = quick("lua_replace",
            FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_CHECKSTACK = call("lua_checkstack",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_XMOVE = quick("lua_xmove",
            FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_TYPE = quick("lua_type",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_ISNUMBER = quick("lua_isnumber",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_TONUMBER = quick("lua_tonumber",
            FunctionDescriptor.of(JAVA_DOUBLE, JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_TOBOOLEAN = quick("lua_toboolean",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_TOLSTRING = quick("lua_tolstring",
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG));
    private static final MethodHandle LUA_OBJLEN = quick("lua_objlen",
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_TOPOINTER = quick("lua_topointer",
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_PUSHNIL = quick("lua_pushnil", FunctionDescriptor.ofVoid(JAVA_LONG));
    private static final MethodHandle LUA_PUSHNUMBER = quick("lua_pushnumber",
            FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_DOUBLE));
    private static final MethodHandle LUA_PUSHBOOLEAN = quick("lua_pushboolean",
            FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_PUSHLIGHTUSERDATA = quick("lua_pushlightuserdata",
            FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG));
    private static final MethodHandle LUA_PUSHLSTRING = call("lua_pushlstring",
            FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle LUA_PUSHCCLOSURE = call("lua_pushcclosure",
            FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_CREATETABLE = call("lua_createtable",
            FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT, JAVA_INT));
    private static final MethodHandle LUA_RAWGET = quick("lua_rawget", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_RAWGETI = quick("lua_rawgeti",
            FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT, JAVA_INT));
    private static final MethodHandle LUA_RAWSET = call("lua_rawset", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_RAWSETI = call("lua_rawseti",
            FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT, JAVA_INT));
    private static final MethodHandle LUA_NEXT = quick("lua_next",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_GETMETATABLE = quick("lua_getmetatable",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_SETFENV = quick("lua_setfenv",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUAL_LOADBUFFER = call("luaL_loadbuffer",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle LUA_PCALL = call("lua_pcall",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle LUA_RESUME = call("lua_resume",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_YIELD = call("lua_yield",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_SETHOOK = quick("lua_sethook",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT));
    private static final MethodHandle LUA_GC = call("lua_gc",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT));
    private static final MethodHandle LUA_GETSTACK = quick("lua_getstack",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_LONG));
    private static final MethodHandle LUAL_WHERE = call("luaL_where", FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_INT));
    private static final MethodHandle LUA_GETINFO = call("lua_getinfo",
            FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG));

    private Lua() {}

    private static MethodHandle call(String name, FunctionDescriptor type) {
        return Linker.nativeLinker().downcallHandle(symbol(name), type);
    }

    private static MethodHandle quick(String name, FunctionDescriptor type) {
        return Linker.nativeLinker().downcallHandle(symbol(name), type, Linker.Option.critical(false));
    }

    private static MemorySegment symbol(String name) {
        return LuaLibrary.lookup().findOrThrow(name);
    }

    /** Where a function of C lies. */
    static long address(String name) {
        return symbol(name).address();
    }

    private static RuntimeException failed(Throwable e) {
        if (e instanceof Error error) {
            throw error;
        }
        return e instanceof RuntimeException known ? known : new IllegalStateException(e);
    }

    /** The place of a value that a C function was made with. */
    static int upvalue(int index) {
        return GLOBALS - index;
    }

    /** Calls of C under way in a thread, those of who resumed it among them. */
    static int calls(long state) {
        return Memory.getShort(state + C_CALLS) & 0xffff;
    }

    /** Whether a thread may leave off where it is: no function of C is between it and who resumed it. */
    static boolean mayYield(long state) {
        return calls(state) == (Memory.getShort(state + BASE_C_CALLS) & 0xffff);
    }

    /** Whether a state is laid out as this class knows it, which it is told by what it was just given as a hook. */
    static boolean isKnown(long state, long hook, int count) {
        return Memory.getInt(state + HOOK_COUNT_SET) == count && Memory.getLong(state + HOOK_FUNCTION) == hook
                && calls(state) == 0 && mayYield(state);
    }

    /** Numbers of Lua have 53 bits. */
    static void push(long state, long value) {
        push(state, (double) value);
    }

    static void pop(long state, int count) {
        top(state, -count - 1);
    }

    /** Makes a state whose memory comes from a C function; 0 if that gave none. */
    static long newState(long allocator, long context) {
        try {
            return (long) LUA_NEWSTATE.invokeExact(allocator, context);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Pushes a new thread of execution, whose address is answered. */
    static long newThread(long state) {
        try {
            return (long) LUA_NEWTHREAD.invokeExact(state);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** How many values lie on the stack of the running function. */
    static int top(long state) {
        try {
            return (int) LUA_GETTOP.invokeExact(state);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Lets so many values lie there; below 0 for all but so many and one more. */
    static void top(long state, int index) {
        try {
            LUA_SETTOP.invokeExact(state, index);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Pushes a copy of a value. */
    static void copy(long state, int index) {
        try {
            LUA_PUSHVALUE.invokeExact(state, index);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Takes a value out of the stack. */
    static void remove(long state, int index) {
        try {
            LUA_REMOVE.invokeExact(state, index);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Moves the value on top below others. */
    static void insert(long state, int index) {
        try {
            LUA_INSERT.invokeExact(state, index);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Moves the value on top into the place of another. */
    static void replace(long state, int index) {
        try {
            LUA_REPLACE.invokeExact(state, index);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Makes room on the stack; 0 if there may not be so much. */
    static int hasRoom(long state, int more) {
        try {
            return (int) LUA_CHECKSTACK.invokeExact(state, more);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Moves values between threads of one state. */
    static void move(long from, long to, int count) {
        try {
            LUA_XMOVE.invokeExact(from, to, count);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** The type of a value; -1 if there is none. */
    static int type(long state, int index) {
        try {
            return (int) LUA_TYPE.invokeExact(state, index);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Whether a value is a number, or a string that reads as one. */
    static int isNumber(long state, int index) {
        try {
            return (int) LUA_ISNUMBER.invokeExact(state, index);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** A value as a number; 0 if it is none. */
    static double number(long state, int index) {
        try {
            return (double) LUA_TONUMBER.invokeExact(state, index);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Whether a value is neither false nor nil. */
    static int bool(long state, int index) {
        try {
            return (int) LUA_TOBOOLEAN.invokeExact(state, index);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Where the bytes of a string lie; only of what is a string, since others would be changed into one. */
    static long string(long state, int index, long length) {
        try {
            return (long) LUA_TOLSTRING.invokeExact(state, index, length);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** The length of a string or table. */
    static long length(long state, int index) {
        try {
            return (long) LUA_OBJLEN.invokeExact(state, index);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** The address of a table, function or thread. */
    static long pointer(long state, int index) {
        try {
            return (long) LUA_TOPOINTER.invokeExact(state, index);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void pushNil(long state) {
        try {
            LUA_PUSHNIL.invokeExact(state);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void push(long state, double value) {
        try {
            LUA_PUSHNUMBER.invokeExact(state, value);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void pushBoolean(long state, int value) {
        try {
            LUA_PUSHBOOLEAN.invokeExact(state, value);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void pushPointer(long state, long value) {
        try {
            LUA_PUSHLIGHTUSERDATA.invokeExact(state, value);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Pushes a copy of some bytes. */
    static void pushString(long state, long address, long length) {
        try {
            LUA_PUSHLSTRING.invokeExact(state, address, length);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Pushes a C function with so many values from the stack. */
    static void pushFunction(long state, long function, int upvalues) {
        try {
            LUA_PUSHCCLOSURE.invokeExact(state, function, upvalues);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Pushes a table with room. */
    static void newTable(long state, int elements, int fields) {
        try {
            LUA_CREATETABLE.invokeExact(state, elements, fields);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Replaces the key on top by its value in a table. */
    static void rawGet(long state, int index) {
        try {
            LUA_RAWGET.invokeExact(state, index);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Pushes the value of a whole number in a table. */
    static void rawGet(long state, int index, int key) {
        try {
            LUA_RAWGETI.invokeExact(state, index, key);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Sets what lies on top, a key and above it a value, in a table. */
    static void rawSet(long state, int index) {
        try {
            LUA_RAWSET.invokeExact(state, index);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Sets the value on top for a whole number in a table. */
    static void rawSet(long state, int index, int key) {
        try {
            LUA_RAWSETI.invokeExact(state, index, key);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Replaces the key on top by the next one and its value; by nothing, and answers 0, behind the last. The key must be of the table. */
    static int next(long state, int index) {
        try {
            return (int) LUA_NEXT.invokeExact(state, index);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Pushes the metatable of a value, unless it has none: then 0. */
    static int metatable(long state, int index) {
        try {
            return (int) LUA_GETMETATABLE.invokeExact(state, index);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Makes the table on top the environment of a function or thread. */
    static int environment(long state, int index) {
        try {
            return (int) LUA_SETFENV.invokeExact(state, index);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Compiles a chunk and pushes it, or the error. */
    static int load(long state, long text, long length, long name) {
        try {
            return (int) LUAL_LOADBUFFER.invokeExact(state, text, length, name);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Calls a function; 0 if it ended well. */
    static int call(long state, int arguments, int results, int handler) {
        try {
            return (int) LUA_PCALL.invokeExact(state, arguments, results, handler);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Begins or goes on with a thread; 0 if it has ended, {@link #YIELD} if it left off. */
    static int resume(long state, int arguments) {
        try {
            return (int) LUA_RESUME.invokeExact(state, arguments);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Lets the running thread leave off; only where {@link #mayYield}, as else it jumps over the frames of Java. */
    static int leave(long state, int results) {
        try {
            return (int) LUA_YIELD.invokeExact(state, results);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Sets what is called while code runs. */
    static int hook(long state, long function, int mask, int count) {
        try {
            return (int) LUA_SETHOOK.invokeExact(state, function, mask, count);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Asks the garbage collector for something. */
    static int collect(long state, int what, int data) {
        try {
            return (int) LUA_GC.invokeExact(state, what, data);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Finds the frame of a function under way; 0 if there is none. */
    static int frame(long state, int level, long record) {
        try {
            return (int) LUA_GETSTACK.invokeExact(state, level, record);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Pushes where the function that a frame calls was called, in front of a message; nothing where that is no code of Lua. */
    static void where(long state, int level) {
        try {
            LUAL_WHERE.invokeExact(state, level);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Describes a frame. */
    static int describe(long state, long what, long record) {
        try {
            return (int) LUA_GETINFO.invokeExact(state, what, record);
        } catch (Throwable e) {
            throw failed(e);
        }
    }
}
