package io.solaster.engine.memory;

import java.util.Arrays;

/** The sizes of the blocks of {@link Slabs}. */
final class SizeClasses {
    private SizeClasses() {}

    /**
     * Steps of 8 bytes up to 512; then the sizes that fill a page without a rest, at least an eighth apart, and from
     * 2000 bytes on whole cache lines, which keep blocks aligned to those.
     *
     * @param room of a page, in bytes
     * @param line bytes of a cache line
     */
    static short[] sizes(int room, int line) {
        short[] sizes = new short[128];
        int count = 0;
        for (int size = 16; size <= 512; size += 8) {
            sizes[count++] = (short) size;
        }
        for (int perPage = room / 512 * 8 / 9; perPage >= 2; perPage = Math.min(perPage - 1, perPage * 8 / 9)) {
            int size = room / perPage;
            sizes[count++] = (short) (size & (size < 2000 ? -8 : -line));
        }
        return Arrays.copyOf(sizes, count);
    }

    /** The class of a block by the words of 8 bytes that it is to have. */
    static byte[] byWords(short[] sizes, int largest) {
        byte[] classes = new byte[largest / 8 + 1];
        int c = 0;
        for (int words = 0; words < classes.length; words++) {
            if (words * 8 > sizes[c]) {
                c++;
            }
            classes[words] = (byte) c;
        }
        return classes;
    }
}
