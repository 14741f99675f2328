package io.solaster.store.script;

import java.util.Map;

/** The library {@code cmsgpack}: values as MessagePack. On the owning shard. */
final class MessagePackLibrary {
    /** A table deeper than this becomes nil, so that one that contains itself ends. */
    private static final int DEEPEST = 16;
    /** What is read may go as deep as the stack of the thread allows for. */
    private static final int DEEPEST_READ = 1000;
    private static final String MISSING = "Missing bytes in input.";

    private final LuaState[] lua;
    private byte[] input = new byte[0];
    private int at;

    MessagePackLibrary(LuaState[] lua) {
        this.lua = lua;
    }

    Map<String, LuaState.Function> functions() {
        return Map.of("pack", this::pack, "unpack", this::unpack, "unpack_one", this::unpackOne, "unpack_limit",
                this::unpackLimit);
    }

    // ---- writing

    private int pack(long thread) {
        int count = Lua.top(thread);
        if (count == 0) {
            throw LuaArguments.bad(0, "pack", "MessagePack pack needs input.");
        }
        GrowingBytes out = new GrowingBytes(ShardScripts.MEMORY / 2);
        for (int i = 1; i <= count; i++) {
            Lua.copy(thread, i);
            value(out, thread, 0);
        }
        lua[0].push(thread, out.bytes(), out.length());
        return 1;
    }

    /** Writes the value on top and takes it away. */
    private void value(GrowingBytes out, long thread, int level) {
        out.value();
        if (Lua.hasRoom(thread, 6) == 0) {
            throw new LuaArguments.Failure("stack overflow");
        }
        switch (Lua.type(thread, -1)) {
            case Lua.STRING -> string(out, lua[0].bytes(thread, -1));
            case Lua.BOOLEAN -> out.add(Lua.bool(thread, -1) != 0 ? 0xc3 : 0xc2);
            case Lua.NUMBER -> number(out, Lua.number(thread, -1));
            case Lua.TABLE -> {
                if (level == DEEPEST) {
                    out.add(0xc0);
                } else if (isArray(thread)) {
                    array(out, thread, level);
                } else {
                    map(out, thread, level);
                }
            }
            default -> out.add(0xc0);
        }
        Lua.pop(thread, 1);
    }

    private static void string(GrowingBytes out, byte[] bytes) {
        int length = bytes.length;
        if (length < 32) {
            out.add(0xa0 | length);
        } else if (length <= 0xff) {
            out.add(0xd9);
            out.add(length);
        } else {
            header(out, length, 0xda, 0xdb);
        }
        out.add(bytes, 0, length);
    }

    private static void header(GrowingBytes out, int count, int code16, int code32) {
        if (count <= 0xffff) {
            out.add(code16);
            out.addBig(count, 2);
        } else {
            out.add(code32);
            out.addBig(count, 4);
        }
    }

    private static void number(GrowingBytes out, double value) {
        if (value != (long) value || value == 0x1p63) {
            if (value == (float) value) {
                out.add(0xca);
                out.addBig(Float.floatToRawIntBits((float) value), 4);
            } else {
                out.add(0xcb);
                out.addBig(Double.doubleToRawLongBits(value), 8);
            }
            return;
        }
        long whole = (long) value;
        if (whole >= 0) {
            if (whole <= 127) {
                out.add((int) whole);
            } else {
                int size = whole <= 0xff ? 1 : whole <= 0xffff ? 2 : whole <= 0xffffffffL ? 4 : 8;
                out.add(0xcc + Integer.numberOfTrailingZeros(size));
                out.addBig(whole, size);
            }
        } else if (whole >= -32) {
            out.add((int) whole);
        } else {
            int size = whole >= Byte.MIN_VALUE ? 1 : whole >= Short.MIN_VALUE ? 2 : whole >= Integer.MIN_VALUE ? 4 : 8;
            out.add(0xd0 + Integer.numberOfTrailingZeros(size));
            out.addBig(whole, size);
        }
    }

    /** Whether the keys of the table on top are the numbers from 1 to how many they are. */
    private static boolean isArray(long thread) {
        int top = Lua.top(thread);
        long count = 0;
        double highest = 0;
        Lua.pushNil(thread);
        while (Lua.next(thread, -2) != 0) {
            Lua.pop(thread, 1);
            double key = Lua.type(thread, -1) == Lua.NUMBER ? Lua.number(thread, -1) : 0;
            if (key <= 0 || key != (int) key) {
                Lua.top(thread, top);
                return false;
            }
            highest = Math.max(highest, key);
            count++;
        }
        return highest == count;
    }

    private void array(GrowingBytes out, long thread, int level) {
        int count = (int) Lua.length(thread, -1);
        if (count <= 15) {
            out.add(0x90 | count);
        } else {
            header(out, count, 0xdc, 0xdd);
        }
        for (int i = 1; i <= count; i++) {
            Lua.rawGet(thread, -1, i);
            value(out, thread, level + 1);
        }
    }

    private void map(GrowingBytes out, long thread, int level) {
        int count = 0;
        Lua.pushNil(thread);
        while (Lua.next(thread, -2) != 0) {
            Lua.pop(thread, 1);
            count++;
        }
        if (count <= 15) {
            out.add(0x80 | count);
        } else {
            header(out, count, 0xde, 0xdf);
        }
        Lua.pushNil(thread);
        while (Lua.next(thread, -2) != 0) {
            Lua.copy(thread, -2);
            value(out, thread, level + 1);
            value(out, thread, level + 1);
        }
    }

    // ---- reading

    private int unpack(long thread) {
        return read(thread, 0, 0, "unpack");
    }

    private int unpackOne(long thread) {
        return read(thread, 1, LuaArguments.integer(thread, 2, "unpack_one", 0), "unpack_one");
    }

    private int unpackLimit(long thread) {
        double limit = LuaArguments.number(thread, 2, "unpack_limit");
        return read(thread, LuaNumbers.whole(limit), LuaArguments.integer(thread, 3, "unpack_limit", 0),
                "unpack_limit");
    }

    private int read(long thread, long limit, long offset, String function) {
        byte[] bytes = LuaArguments.bytes(lua[0], thread, 1, function);
        if (offset < 0 || limit < 0) {
            throw new LuaArguments.Failure("Invalid request to unpack with offset of " + (int) offset + " and limit of "
                    + bytes.length + ".");
        }
        if (offset > bytes.length) {
            throw new LuaArguments.Failure("Start offset " + (int) offset + " greater than input length " + bytes.length
                    + ".");
        }
        boolean all = limit == 0 && offset == 0;
        input = bytes;
        at = (int) offset;
        Lua.top(thread, 0);
        if (!all) {
            Lua.push(thread, 0);
        }
        int count = 0;
        try {
            while (at < input.length && (all || count < limit)) {
                read(thread, 0);
                count++;
            }
            if (!all) {
                Lua.push(thread, at == input.length ? -1 : at);
                Lua.replace(thread, 1);
                count++;
            }
        } finally {
            input = new byte[0];
        }
        return count;
    }

    private void need(long bytes) {
        if (bytes > input.length - at) {
            throw new LuaArguments.Failure(MISSING);
        }
    }

    private long take(int size) {
        need(size);
        long value = 0;
        for (int i = 0; i < size; i++) {
            value = value << 8 | input[at++] & 0xff;
        }
        return value;
    }

    private void read(long thread, int depth) {
        LuaArguments.room(lua[0], 128);
        if (depth > DEEPEST_READ || Lua.hasRoom(thread, 4) == 0) {
            throw new LuaArguments.Failure(
                    "stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)");
        }
        int code = (int) take(1);
        switch (code) {
            case 0xc0 -> Lua.pushNil(thread);
            case 0xc2 -> Lua.pushBoolean(thread, 0);
            case 0xc3 -> Lua.pushBoolean(thread, 1);
            case 0xca -> Lua.push(thread, Float.intBitsToFloat((int) take(4)));
            case 0xcb -> Lua.push(thread, Double.longBitsToDouble(take(8)));
            case 0xcc, 0xcd, 0xce -> Lua.push(thread, take(1 << code - 0xcc));
            case 0xcf -> {
                long value = take(8);
                Lua.push(thread, value >= 0 ? value : (value >>> 1 | value & 1) * 2.0);
            }
            case 0xd0 -> Lua.push(thread, (byte) take(1));
            case 0xd1 -> Lua.push(thread, (short) take(2));
            case 0xd2 -> Lua.push(thread, take(4) << Integer.SIZE >> Integer.SIZE);
            case 0xd3 -> Lua.push(thread, take(8));
            case 0xd9, 0xda, 0xdb -> string(thread, take(1 << code - 0xd9));
            case 0xdc, 0xdd -> array(thread, take(2 << code - 0xdc), depth);
            case 0xde, 0xdf -> map(thread, take(2 << code - 0xde), depth);
            default -> {
                if (code < 0x80) {
                    Lua.push(thread, code);
                } else if (code >= 0xe0) {
                    Lua.push(thread, (byte) code);
                } else if ((code & 0xe0) == 0xa0) {
                    string(thread, code & 0x1f);
                } else if ((code & 0xf0) == 0x90) {
                    array(thread, code & 0xf, depth);
                } else if ((code & 0xf0) == 0x80) {
                    map(thread, code & 0xf, depth);
                } else {
                    throw new LuaArguments.Failure("Bad data format in input.");
                }
            }
        }
    }

    private void string(long thread, long length) {
        need(length);
        LuaArguments.room(lua[0], length);
        int end = at + (int) length;
        lua[0].push(thread, java.util.Arrays.copyOfRange(input, at, end), (int) length);
        at = end;
    }

    private void array(long thread, long count, int depth) {
        Lua.newTable(thread, 0, 0);
        for (long i = 1; i <= count; i++) {
            read(thread, depth + 1);
            Lua.rawSet(thread, -2, (int) i);
        }
    }

    private void map(long thread, long count, int depth) {
        Lua.newTable(thread, 0, 0);
        for (long i = 0; i < count; i++) {
            read(thread, depth + 1);
            read(thread, depth + 1);
            double key = Lua.type(thread, -2) == Lua.NUMBER ? Lua.number(thread, -2) : 0;
            if (Lua.type(thread, -2) == Lua.NIL) {
                throw new LuaArguments.Failure("table index is nil");
            }
            if (Double.isNaN(key)) {
                throw new LuaArguments.Failure("table index is NaN");
            }
            Lua.rawSet(thread, -3);
        }
    }
}
