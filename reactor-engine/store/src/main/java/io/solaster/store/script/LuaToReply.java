package io.solaster.store.script;

import java.nio.charset.StandardCharsets;
import java.util.Objects;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;

/** Writes values of Lua as replies, as Redis does: no code of the script is called for that. On the owning shard. */
final class LuaToReply {
    /** A value that goes deeper is no reply that anybody waits for, and may contain itself. */
    private static final int DEEPEST = 200;
    /** As many elements as one table may come to have. Tables may be shared, so that a few stand for more than there is room for. */
    static final int MOST_VALUES = 1 << 20;

    /** A value that would be too long a reply. It is thrown where nothing more is to be written. */
    static final class TooLong extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TooLong() {
            super("too long a reply", null, false, false);
        }
    }

    private final LuaState lua;
    private final ReplyWriter reply;
    /** Whether the script spoke RESP3 with the server last. */
    private final boolean resp3;
    private final int begin;
    private int depth;
    private int values;

    LuaToReply(LuaState lua, ReplyWriter reply, boolean resp3) {
        this.lua = lua;
        this.reply = reply;
        this.resp3 = resp3;
        this.begin = reply.position();
    }

    /**
     * Writes the value on top of the stack and takes it away.
     *
     * @throws TooLong where it is too long, with some of it written and values left on the stack
     */
    void write(long thread) {
        if (values++ > MOST_VALUES || reply.position() - begin > ShardScripts.MEMORY) {
            throw new TooLong();
        }
        if (depth == DEEPEST || Lua.hasRoom(thread, 6) == 0) {
            reply.error("ERR reached lua stack limit");
            Lua.pop(thread, 1);
            return;
        }
        depth++;
        switch (Lua.type(thread, -1)) {
            case Lua.STRING -> {
                long address = Lua.string(thread, -1, lua.cell());
                reply.bulk(address, (int) Memory.getLong(lua.cell()));
            }
            case Lua.BOOLEAN -> bool(Lua.bool(thread, -1) != 0);
            case Lua.NUMBER -> reply.integer(LuaNumbers.whole(Lua.number(thread, -1)));
            case Lua.TABLE -> table(thread);
            default -> reply.nullValue();
        }
        depth--;
        Lua.pop(thread, 1);
    }

    private void bool(boolean value) {
        if (resp3) {
            reply.bool(value);
        } else if (value) {
            reply.integer(1);
        } else {
            reply.nullValue();
        }
    }

    private void table(long thread) {
        if (field(thread, LuaState.ERR) == Lua.STRING) {
            reply.error(Objects.requireNonNullElse(lua.text(thread, -1), ""));
            Lua.pop(thread, 1);
            return;
        }
        Lua.pop(thread, 1);
        if (field(thread, LuaState.OK) == Lua.STRING) {
            reply.simple(line(lua.bytes(thread, -1)));
            Lua.pop(thread, 1);
            return;
        }
        Lua.pop(thread, 1);
        if (field(thread, LuaState.DOUBLE) == Lua.NUMBER) {
            reply.doubleValue(Lua.number(thread, -1));
            Lua.pop(thread, 1);
            return;
        }
        Lua.pop(thread, 1);
        if (field(thread, LuaState.BIG_NUMBER) == Lua.STRING) {
            reply.bigNumber(unbroken(new String(lua.bytes(thread, -1), StandardCharsets.ISO_8859_1)));
            Lua.pop(thread, 1);
            return;
        }
        Lua.pop(thread, 1);
        if (field(thread, LuaState.VERBATIM_STRING) == Lua.TABLE && verbatim(thread)) {
            Lua.pop(thread, 1);
            return;
        }
        Lua.pop(thread, 1);
        if (field(thread, LuaState.MAP) == Lua.TABLE) {
            pairs(thread, true);
            Lua.pop(thread, 1);
            return;
        }
        Lua.pop(thread, 1);
        if (field(thread, LuaState.SET) == Lua.TABLE) {
            pairs(thread, false);
            Lua.pop(thread, 1);
            return;
        }
        Lua.pop(thread, 1);
        array(thread);
    }

    /** Pushes a field of the table on top, and says of what type it is. */
    private static int field(long thread, int name) {
        LuaState.pushName(thread, name);
        Lua.rawGet(thread, -2);
        return Lua.type(thread, -1);
    }

    /** A status ends at a NUL, as in C, and is one line. */
    private static String line(byte[] bytes) {
        int length = 0;
        while (length < bytes.length && bytes[length] != 0) {
            length++;
        }
        return unbroken(new String(bytes, 0, length, StandardCharsets.ISO_8859_1));
    }

    private static String unbroken(String text) {
        return text.replace('\r', ' ').replace('\n', ' ');
    }

    private boolean verbatim(long thread) {
        boolean whole = false;
        if (field(thread, LuaState.FORMAT) == Lua.STRING) {
            String format = line(lua.bytes(thread, -1));
            Lua.pop(thread, 1);
            if (field(thread, LuaState.STRING) == Lua.STRING && format.length() >= 3) {
                verbatim(format.substring(0, 3), lua.bytes(thread, -1));
                whole = true;
            }
        }
        Lua.pop(thread, 1);
        return whole;
    }

    private void verbatim(String format, byte[] text) {
        if (reply.resp3()) {
            String head = "=" + (text.length + 4) + "\r\n" + format + ":";
            reply.raw(head.getBytes(StandardCharsets.ISO_8859_1));
            reply.raw(text);
            reply.raw(new byte[]{'\r', '\n'});
        } else {
            reply.bulk(text);
        }
    }

    /** The keys of the table on top, with their values or without. */
    private void pairs(long thread, boolean values) {
        int count = 0;
        Lua.pushNil(thread);
        while (Lua.next(thread, -2) != 0) {
            Lua.pop(thread, 1);
            count++;
        }
        if (values) {
            reply.mapHeader(count);
        } else {
            reply.setHeader(count);
        }
        Lua.pushNil(thread);
        while (Lua.next(thread, -2) != 0) {
            Lua.copy(thread, -2);
            write(thread);
            if (values) {
                write(thread);
            } else {
                Lua.pop(thread, 1);
            }
        }
    }

    /** Its elements, up to the first that is nil. */
    private void array(long thread) {
        int count = 0;
        do {
            Lua.rawGet(thread, -1, ++count);
        } while (popIsNotNil(thread));
        reply.arrayHeader(count - 1);
        for (int i = 1; i < count; i++) {
            Lua.rawGet(thread, -1, i);
            write(thread);
        }
    }

    private static boolean popIsNotNil(long thread) {
        boolean any = Lua.type(thread, -1) != Lua.NIL;
        Lua.pop(thread, 1);
        return any;
    }
}
