package io.solaster.store.script;

import io.solaster.resp.ReplyWriter;

/** How numbers of Lua become text. */
final class LuaNumbers {
    private LuaNumbers() {}

    /** As Lua itself writes a number. */
    static String text(double value) {
        return text(value, 14);
    }

    /** In so many significant digits at most. */
    static String text(double value, int digits) {
        if (value == (long) value && Math.abs(value) < 1e14 && (value != 0 || 1 / value > 0)) {
            return Long.toString((long) value);
        }
        if (Double.isNaN(value)) {
            // As the C library writes what processors make of 0/0.
            return Double.doubleToRawLongBits(value) < 0 ? "-nan" : "nan";
        }
        return ReplyWriter.format(value, digits);
    }

    /** As C makes a whole number of one: what does not fit is the lowest there is. */
    static long whole(double value) {
        return value >= -0x1p63 && value < 0x1p63 ? (long) value : Long.MIN_VALUE;
    }
}
