package io.solaster.load;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;

import org.HdrHistogram.Histogram;

/** Histograms as text and back. */
public final class Histograms {
    private Histograms() {}

    /** Compressed as HdrHistogram does, in Base64. */
    public static String encoded(Histogram histogram) {
        ByteBuffer buffer = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
        int length = histogram.encodeIntoCompressedByteBuffer(buffer, Deflater.DEFAULT_COMPRESSION);
        return Base64.getEncoder().encodeToString(Arrays.copyOf(buffer.array(), length));
    }

    /**
     * What {@link #encoded} wrote.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static Histogram decoded(String text) {
        try {
            return Histogram.decodeFromCompressedByteBuffer(ByteBuffer.wrap(Base64.getDecoder().decode(text)), 0);
        } catch (DataFormatException | RuntimeException e) {
            throw new IllegalArgumentException("no histogram: " + e, e);
        }
    }

    static LoadInterval interval(double at, double seconds, Histogram latency, long failed, long lateness99) {
        return new LoadInterval(at, seconds, latency.getTotalCount(), failed, latency.getValueAtPercentile(50),
                latency.getValueAtPercentile(99), latency.getMaxValue(), lateness99, encoded(latency));
    }
}
