package io.solaster.resp;

/**
 * How large a reply a client takes, so that a broken or hostile server cannot fill its memory.
 *
 * @param maxDepth
 *            how deep aggregates may lie within each other
 * @param maxElements
 *            most elements of a reply, those of all its aggregates together
 * @param maxBlob
 *            longest string in bytes
 * @param maxLine
 *            longest status, error, number or length in bytes
 */
public record ReplyLimits(int maxDepth, int maxElements, int maxBlob, int maxLine) {
    /** 32 deep, 16,777,216 elements, 512 MiB a string, 64 KiB a line. */
    public static final ReplyLimits DEFAULT = new ReplyLimits(32, 16 * 1024 * 1024, 512 * 1024 * 1024, 64 * 1024);

    public ReplyLimits {
        if (maxDepth < 1 || maxElements < 1 || maxBlob < 1 || maxLine < 1) {
            throw new IllegalArgumentException("limits of a reply must be positive: maxDepth " + maxDepth
                    + ", maxElements " + maxElements + ", maxBlob " + maxBlob + ", maxLine " + maxLine);
        }
    }
}
