package io.solaster.resp;

/**
 * How large a request may be. What exceeds a limit is a protocol error, after which the connection ends.
 *
 * <p>
 * The lower bounds leave the shortest requests, which the decoder reads without looking at limits, always permitted.
 *
 * @param maxArguments
 *            most arguments of one request, the command's name included; at least 16
 * @param maxBulk
 *            longest argument in bytes, at least 1024 (Redis: {@code proto-max-bulk-len})
 * @param maxInline
 *            longest inline request, and longest line that announces a length, in bytes; at least 64
 */
public record RequestLimits(int maxArguments, long maxBulk, int maxInline) {
    /** 1,048,576 arguments, 512 MiB an argument, 64 KiB a line. */
    public static final RequestLimits DEFAULT = new RequestLimits(1024 * 1024, 512L * 1024 * 1024, 64 * 1024);

    static final int UNAUTHENTICATED_ARGUMENTS = 10;
    static final int UNAUTHENTICATED_BULK = 16384;

    public RequestLimits {
        if (maxArguments < 16) {
            throw new IllegalArgumentException("maxArguments: " + maxArguments + " is too few, allow at least 16");
        }
        if (maxBulk < 1024) {
            throw new IllegalArgumentException("maxBulk: " + maxBulk + " bytes is too short, allow at least 1024");
        }
        if (maxInline < 64) {
            throw new IllegalArgumentException("maxInline: " + maxInline + " bytes is too short, allow at least 64");
        }
    }
}
