package io.solaster.store.script;

import java.nio.charset.StandardCharsets;

import io.solaster.engine.memory.Memory;
import io.solaster.store.type.Decimal;

/** Makes values of Lua of replies, which are whole and our own, so that nothing about them is checked. On the owning shard. */
final class RepliesToLua {
    /** What Lua takes for a table beside what is in it, for a string beside its bytes, and for an element, at most. */
    private static final long TABLE = 64;
    private static final long STRING = 40;
    private static final long ELEMENT = 16;
    /** A field, of which a table has up to twice as many as are used. */
    private static final long FIELD = 80;
    /** A byte of a reply takes no more than this, however many values there are. */
    private static final long MOST_OF_BYTE = 64;
    private static final int SMALL = 1024;

    private final LuaState lua;
    private long at;

    RepliesToLua(LuaState lua) {
        this.lua = lua;
    }

    /** Bytes that a reply takes in Lua, at most. */
    long need(long reply, int length) {
        if (length <= SMALL) {
            return length * MOST_OF_BYTE;
        }
        long need = 0;
        at = reply;
        while (at < reply + length) {
            byte kind = Memory.getByte(at++);
            switch (kind) {
                case '$', '=' -> {
                    long bytes = number();
                    need += kind == '$' ? STRING : 2 * TABLE + 3 * FIELD + STRING;
                    if (bytes >= 0) {
                        need += bytes;
                        at += bytes + 2;
                    }
                }
                case '*' -> need += TABLE + ELEMENT * Math.max(0, number());
                case '%', '~' -> need += 2 * TABLE + FIELD + FIELD * number();
                case '+', '-', ',', '(' -> need += TABLE + FIELD + STRING + line();
                default -> line();
            }
        }
        return need;
    }

    /** Pushes what a reply becomes. */
    void push(long thread, long reply) {
        at = reply;
        push(thread);
    }

    private void push(long thread) {
        int ignored = Lua.hasRoom(thread, 6);
        byte kind = Memory.getByte(at++);
        switch (kind) {
            case ':' -> Lua.push(thread, number());
            case '$' -> bulk(thread);
            case '+' -> field(thread, LuaState.OK);
            case '-' -> error(thread);
            case '*' -> array(thread);
            case '%' -> map(thread);
            case '~' -> set(thread);
            case '_' -> {
                line();
                Lua.pushNil(thread);
            }
            case '#' -> {
                Lua.pushBoolean(thread, Memory.getByte(at) == 't' ? 1 : 0);
                line();
            }
            case ',' -> {
                Lua.newTable(thread, 0, 1);
                LuaState.pushName(thread, LuaState.DOUBLE);
                Lua.push(thread, fraction(line()));
                Lua.rawSet(thread, -3);
            }
            case '(' -> field(thread, LuaState.BIG_NUMBER);
            case '=' -> verbatim(thread);
            default -> throw new IllegalStateException("a reply begins with " + kind);
        }
    }

    /** The length of the line, which is gone over. */
    private int line() {
        long from = at;
        while (Memory.getByte(at) != '\r') {
            at++;
        }
        int length = (int) (at - from);
        at += 2;
        return length;
    }

    private long number() {
        long from = at;
        int length = line();
        return Decimal.parse(from, length);
    }

    private double fraction(int length) {
        byte[] text = new byte[length];
        Memory.copy(at - 2 - length, text, 0, length);
        return switch (new String(text, StandardCharsets.ISO_8859_1)) {
            case "inf" -> Double.POSITIVE_INFINITY;
            case "-inf" -> Double.NEGATIVE_INFINITY;
            case "nan", "-nan" -> Double.NaN;
            case String digits -> Double.parseDouble(digits);
        };
    }

    private void bulk(long thread) {
        int length = (int) number();
        if (length < 0) {
            Lua.pushBoolean(thread, 0);
            return;
        }
        Lua.pushString(thread, at, length);
        at += length + 2;
    }

    private void field(long thread, int name) {
        Lua.newTable(thread, 0, 1);
        LuaState.pushName(thread, name);
        long from = at;
        int length = line();
        Lua.pushString(thread, from, length);
        Lua.rawSet(thread, -3);
    }

    private void error(long thread) {
        long from = at;
        int length = line();
        boolean code = false;
        for (int i = 0; i < length && !code; i++) {
            code = Memory.getByte(from + i) == ' ';
        }
        Lua.newTable(thread, 0, 1);
        LuaState.pushName(thread, LuaState.ERR);
        if (code) {
            Lua.pushString(thread, from, length);
        } else {
            byte[] text = new byte[length];
            Memory.copy(from, text, 0, length);
            lua.push(thread, "ERR " + new String(text, StandardCharsets.ISO_8859_1));
        }
        Lua.rawSet(thread, -3);
    }

    private void array(long thread) {
        int count = (int) number();
        if (count < 0) {
            Lua.pushBoolean(thread, 0);
            return;
        }
        Lua.newTable(thread, count, 0);
        for (int i = 1; i <= count; i++) {
            push(thread);
            Lua.rawSet(thread, -2, i);
        }
    }

    private void map(long thread) {
        int count = (int) number();
        Lua.newTable(thread, 0, 1);
        LuaState.pushName(thread, LuaState.MAP);
        Lua.newTable(thread, 0, count);
        for (int i = 0; i < count; i++) {
            push(thread);
            push(thread);
            Lua.rawSet(thread, -3);
        }
        Lua.rawSet(thread, -3);
    }

    private void set(long thread) {
        int count = (int) number();
        Lua.newTable(thread, 0, 1);
        LuaState.pushName(thread, LuaState.SET);
        Lua.newTable(thread, 0, count);
        for (int i = 0; i < count; i++) {
            push(thread);
            Lua.pushBoolean(thread, 1);
            Lua.rawSet(thread, -3);
        }
        Lua.rawSet(thread, -3);
    }

    private void verbatim(long thread) {
        int length = (int) number();
        Lua.newTable(thread, 0, 1);
        LuaState.pushName(thread, LuaState.VERBATIM_STRING);
        Lua.newTable(thread, 0, 2);
        LuaState.pushName(thread, LuaState.STRING);
        Lua.pushString(thread, at + 4, length - 4L);
        Lua.rawSet(thread, -3);
        LuaState.pushName(thread, LuaState.FORMAT);
        Lua.pushString(thread, at, 3);
        Lua.rawSet(thread, -3);
        Lua.rawSet(thread, -3);
        at += length + 2;
    }
}
