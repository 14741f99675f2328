package io.solaster.testkit.sim.disk;

import java.nio.ByteBuffer;
import java.util.TreeMap;

/** The bytes of a file, by pages that are never changed but replaced, so that a copy shares them. One thread at a time. */
final class Content {
    static final int PAGE = 4096;
    private static final byte[] ZEROS = new byte[PAGE];

    private final TreeMap<Long, byte[]> pages;
    private long size;

    Content() {
        pages = new TreeMap<>();
    }

    private Content(Content other) {
        pages = new TreeMap<>(other.pages);
        size = other.size;
    }

    Content copy() {
        return new Content(this);
    }

    long size() {
        return size;
    }

    /** Pages that take room. */
    int pages() {
        return pages.size();
    }

    /** How many of the bytes from a position on can be written with so many pages more. */
    int fits(long position, int length, long morePages) {
        long left = morePages;
        for (long at = position; at < position + length; at = (at / PAGE + 1) * PAGE) {
            if (!pages.containsKey(at / PAGE) && left-- == 0) {
                return (int) (at - position);
            }
        }
        return length;
    }

    int read(ByteBuffer into, long position) {
        int count = (int) Math.max(0, Math.min(into.remaining(), size - position));
        for (int done = 0; done < count;) {
            long at = position + done;
            int inPage = (int) (at % PAGE);
            int some = Math.min(PAGE - inPage, count - done);
            into.put(pages.getOrDefault(at / PAGE, ZEROS), inPage, some);
            done += some;
        }
        return count;
    }

    void write(long position, byte[] bytes, int from, int length) {
        for (int done = 0; done < length;) {
            long at = position + done;
            int inPage = (int) (at % PAGE);
            int some = Math.min(PAGE - inPage, length - done);
            byte[] page = pages.getOrDefault(at / PAGE, ZEROS).clone();
            System.arraycopy(bytes, from + done, page, inPage, some);
            pages.put(at / PAGE, page);
            done += some;
        }
        if (length > 0) {
            size = Math.max(size, position + length);
        }
    }

    void resize(long newSize) {
        if (newSize < size) {
            long last = newSize / PAGE;
            pages.tailMap(last, false).clear();
            byte[] cut = pages.remove(last);
            int rest = (int) (newSize % PAGE);
            if (cut != null && rest > 0) {
                byte[] page = new byte[PAGE];
                System.arraycopy(cut, 0, page, 0, rest);
                pages.put(last, page);
            }
        }
        size = newSize;
    }

    /** Takes room for all bytes up to a size. */
    void reserve(long newSize) {
        for (long page = 0; page * PAGE < newSize; page++) {
            pages.putIfAbsent(page, ZEROS);
        }
        size = Math.max(size, newSize);
    }

    void flip(long position, int bit) {
        byte[] page = pages.getOrDefault(position / PAGE, ZEROS).clone();
        page[(int) (position % PAGE)] ^= (byte) (1 << bit);
        pages.put(position / PAGE, page);
    }
}
