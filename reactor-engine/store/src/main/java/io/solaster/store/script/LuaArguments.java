package io.solaster.store.script;

import io.solaster.engine.memory.Memory;

/** What functions of Java ask of their arguments, with the errors that Lua's own functions answer. On the owning shard. */
final class LuaArguments {
    private static final String[] TYPES = {"nil", "boolean", "userdata", "number", "string", "table", "function",
            "userdata",
            "thread"};

    /** What a function of Java was called with makes no sense. */
    static final class Failure extends RuntimeException {
        private static final long serialVersionUID = 1;

        Failure(String message) {
            super(message, null, false, false);
        }
    }

    private LuaArguments() {}

    static String typeName(long thread, int index) {
        int type = Lua.type(thread, index);
        return type < 0 ? "no value" : TYPES[type];
    }

    static Failure bad(int argument, String function, String why) {
        return new Failure("bad argument #" + argument + " to '" + function + "' (" + why + ")");
    }

    private static Failure expected(long thread, int argument, String function, String type) {
        return bad(argument, function, type + " expected, got " + typeName(thread, argument));
    }

    static double number(long thread, int argument, String function) {
        if (Lua.isNumber(thread, argument) == 0) {
            throw expected(thread, argument, function, "number");
        }
        return Lua.number(thread, argument);
    }

    /** A whole number; another one if there is none. */
    static long integer(long thread, int argument, String function, long otherwise) {
        return Lua.type(thread, argument) <= Lua.NIL
                ? otherwise
                : LuaNumbers.whole(number(thread, argument, function));
    }

    /** The bytes of a string, or of what a number is written as. */
    static byte[] bytes(LuaState lua, long thread, int argument, String function) {
        int type = Lua.type(thread, argument);
        if (type == Lua.NUMBER) {
            return LuaNumbers.text(Lua.number(thread, argument)).getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
        }
        if (type != Lua.STRING) {
            throw expected(thread, argument, function, "string");
        }
        return lua.bytes(thread, argument);
    }

    /** Says so where a state has no room left for so many bytes. */
    static void room(LuaState lua, long bytes) {
        if (!lua.heap().hasRoom(bytes)) {
            throw new Failure("not enough memory");
        }
    }

    /** The length of a string on the stack, whose bytes lie at the address that {@code lua_tolstring} answered last. */
    static int length(LuaState lua) {
        return Math.toIntExact(Memory.getLong(lua.cell()));
    }
}
