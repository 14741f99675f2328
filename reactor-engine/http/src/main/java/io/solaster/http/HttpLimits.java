package io.solaster.http;

/**
 * The limits that connections go by, in plain numbers.
 *
 * @param maxTarget the longest request target in bytes
 * @param maxHeaderSize the most bytes of a request's headers, their line ends included
 * @param maxHeaders the most headers of a request
 * @param maxBody the longest body that is gathered, in bytes
 * @param maxPipelined requests of one connection under way at once
 */
record HttpLimits(int maxTarget, int maxHeaderSize, int maxHeaders, long maxBody, int maxPipelined) {

    static final HttpLimits DEFAULT = new HttpLimits(8 << 10, 16 << 10, 100, 10L << 20, 128);
}
