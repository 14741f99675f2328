package io.solaster.config.plan;

/**
 * What a JVM takes of its machine.
 *
 * @param maxHeap bytes that the heap may grow to
 * @param kernel the version of the kernel, such as {@code 6.18.5}
 */
public record Jvm(long maxHeap, String kernel) {

    /** The one that runs this. */
    public static Jvm current() {
        return new Jvm(Runtime.getRuntime().maxMemory(), System.getProperty("os.version", ""));
    }

    /** Whether io_uring takes its rings from locked memory: Linux before 5.12. */
    public boolean locksRings() {
        String[] parts = kernel.split("[^0-9]+", 3);
        try {
            int major = Integer.parseInt(parts[0]);
            return major < 5 || major == 5 && Integer.parseInt(parts[1]) < 12;
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            return false;
        }
    }
}
