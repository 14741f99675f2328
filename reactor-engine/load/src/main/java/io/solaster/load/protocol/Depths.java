package io.solaster.load.protocol;

/** How many requests may be under way on a connection. */
final class Depths {
    private static final int MOST = 32_768;

    private Depths() {}

    static int checked(int depth) {
        if (depth < 1 || depth > MOST) {
            throw new IllegalArgumentException(
                    depth + " requests at a time on a connection; give 1 to " + MOST);
        }
        return depth;
    }
}
