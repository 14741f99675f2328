package io.solaster.config.value;

/**
 * A number of shards, or 'auto'.
 *
 * @param count the number, at least 1; 0 stands for 'auto'
 */
public record ShardCount(int count) {

    /** As many as the machine has physical cores to give. */
    public static final ShardCount AUTO = new ShardCount(0);

    public ShardCount {
        if (count < 0) {
            throw new IllegalArgumentException(count + " shards; give a number from 1, or 'auto'");
        }
    }

    /**
     * Reads {@code auto} or a number from 1.
     *
     * @throws IllegalArgumentException if the text is neither
     */
    public static ShardCount valueOf(String text) {
        String stripped = text.strip();
        if (stripped.equalsIgnoreCase("auto")) {
            return AUTO;
        }
        try {
            int count = Integer.parseInt(stripped);
            if (count >= 1) {
                return new ShardCount(count);
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new IllegalArgumentException("'" + text + "' is no number of shards; give a number from 1, or 'auto'");
    }

    public boolean isAuto() {
        return count == 0;
    }

    @Override
    public String toString() {
        return isAuto() ? "auto" : Integer.toString(count);
    }
}
