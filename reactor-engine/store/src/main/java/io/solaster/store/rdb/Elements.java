package io.solaster.store.rdb;

import io.solaster.engine.net.Digits;

/**
 * Walks through the elements of a small collection in one of the forms in which Redis keeps these in one piece. Whatever the
 * bytes are, it reads nothing but them; what is wrong with the whole shows at its end at the latest, so nothing may be
 * believed before.
 */
abstract class Elements {
    /** What {@link #next} has found. */
    enum Found {
        ELEMENT, END, BAD
    }

    long at;
    long end;
    private long address;
    private int length;

    /** Begins with a whole; false if that cannot be one. */
    abstract boolean begin(long from, long bytes);

    /**
     * Goes to the next element.
     *
     * @param digits room for those of a number, {@link Digits#LONGEST} bytes
     */
    abstract Found next(long digits);

    /** Where the element's bytes lie: in the whole, or the digits of a number. */
    final long address() {
        return address;
    }

    final int length() {
        return length;
    }

    final Found bytes(long where, int count) {
        address = where;
        length = count;
        return Found.ELEMENT;
    }

    final Found number(long value, long digits) {
        length = Digits.length(value);
        Digits.write(value, digits, length);
        address = digits;
        return Found.ELEMENT;
    }
}
