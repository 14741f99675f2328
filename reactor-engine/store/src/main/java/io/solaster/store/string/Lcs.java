package io.solaster.store.string;

import java.util.Arrays;

import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;

/**
 * The longest common subsequence of two strings, by the table of the lengths for all their beginnings, which is walked
 * back. It takes time and memory by the product of both lengths, which
 * the caller bounds.
 */
public final class Lcs {
    private final byte[] a;
    private final byte[] b;
    private final byte[] common;
    private final int length;
    /** Of each match: where it begins and ends in one string and in the other; the last one first. */
    private int[] matches = new int[16];
    private int matchEnd;

    /**
     * Computes it.
     *
     * @throws OutOfMemoryError if the table cannot be had
     */
    public Lcs(byte[] a, byte[] b) {
        this.a = a;
        this.b = b;
        long table = Memory.allocate(tableBytes(a.length, b.length));
        try {
            fill(table);
            length = at(table, a.length, b.length);
            common = new byte[length];
            walk(table);
        } finally {
            Memory.free(table);
        }
    }

    /** What the table takes of memory. */
    public static long tableBytes(int lengthOfA, int lengthOfB) {
        return 4 * (lengthOfA + 1L) * (lengthOfB + 1L);
    }

    private long place(int i, int j) {
        return 4 * ((b.length + 1L) * i + j);
    }

    private int at(long table, int i, int j) {
        return Memory.getInt(table + place(i, j));
    }

    private void fill(long table) {
        Memory.fill(table, place(1, 0), (byte) 0);
        for (int i = 1; i <= a.length; i++) {
            long row = table + place(i, 0);
            long above = table + place(i - 1, 0);
            byte c = a[i - 1];
            int left = 0;
            Memory.putInt(row, 0);
            for (int j = 1; j <= b.length; j++) {
                left = c == b[j - 1]
                        ? Memory.getInt(above + 4L * (j - 1)) + 1
                        : Math.max(left, Memory.getInt(above + 4L * j));
                Memory.putInt(row + 4L * j, left);
            }
        }
    }

    private void walk(long table) {
        int left = length;
        int i = a.length;
        int j = b.length;
        int run = 0;
        while (i > 0 && j > 0) {
            if (a[i - 1] == b[j - 1]) {
                common[--left] = a[i - 1];
                run++;
                i--;
                j--;
                continue;
            }
            match(i, j, run);
            run = 0;
            if (at(table, i - 1, j) > at(table, i, j - 1)) {
                i--;
            } else {
                j--;
            }
        }
        match(i, j, run);
    }

    private void match(int i, int j, int run) {
        if (run == 0) {
            return;
        }
        if (matchEnd == matches.length) {
            matches = Arrays.copyOf(matches, 2 * matchEnd);
        }
        matches[matchEnd++] = i;
        matches[matchEnd++] = i + run - 1;
        matches[matchEnd++] = j;
        matches[matchEnd++] = j + run - 1;
    }

    public int length() {
        return length;
    }

    /** The subsequence itself. */
    public byte[] common() {
        return common;
    }

    /** Answers a map of the matches, of those that are not shorter than asked for, and of the length. */
    public void answer(ReplyWriter reply, long shortest, boolean withLengths) {
        int count = 0;
        for (int at = 0; at < matchEnd; at += 4) {
            count += run(at) >= shortest ? 1 : 0;
        }
        reply.mapHeader(2);
        reply.bulk("matches");
        reply.arrayHeader(count);
        for (int at = 0; at < matchEnd; at += 4) {
            if (run(at) < shortest) {
                continue;
            }
            reply.arrayHeader(withLengths ? 3 : 2);
            for (int range = at; range < at + 4; range += 2) {
                reply.arrayHeader(2);
                reply.integer(matches[range]);
                reply.integer(matches[range + 1]);
            }
            if (withLengths) {
                reply.integer(run(at));
            }
        }
        reply.bulk("len");
        reply.integer(length);
    }

    private int run(int at) {
        return matches[at + 1] - matches[at] + 1;
    }
}
