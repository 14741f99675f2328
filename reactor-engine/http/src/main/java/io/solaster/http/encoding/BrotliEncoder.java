package io.solaster.http.encoding;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

import com.aayushatharva.brotli4j.Brotli4jLoader;
import com.aayushatharva.brotli4j.encoder.Encoder;
import com.aayushatharva.brotli4j.encoder.EncoderJNI;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** RFC 7932, by brotli4j. */
final class BrotliEncoder implements BodyEncoder {
    /** What our levels, from 1 to 9, are there; 4 is what servers take for what is made on the fly. */
    private static final int[] QUALITIES = {1, 1, 2, 3, 4, 4, 5, 7, 9};
    /** Of 256 KB: a larger one would take megabytes for each response that is a stream. */
    private static final int WINDOW_LOG = 18;
    private static final int INPUT = 16 << 10;

    private final int level;
    /** Serves for one body. */
    private EncoderJNI.@Nullable Wrapper encoder;

    BrotliEncoder(int level) {
        this.level = level;
        Brotli4jLoader.ensureAvailability();
    }

    @Override
    public ContentEncoding encoding() {
        return ContentEncoding.BROTLI;
    }

    @Override
    public int level() {
        return level;
    }

    private EncoderJNI.Wrapper encoder() {
        EncoderJNI.Wrapper known = encoder;
        if (known == null) {
            try {
                known = new EncoderJNI.Wrapper(INPUT, QUALITIES[level - 1], WINDOW_LOG, Encoder.Mode.GENERIC);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            encoder = known;
        }
        return known;
    }

    @Override
    public void write(ByteBuf part, ByteBuf to, boolean flush) {
        EncoderJNI.Wrapper current = encoder();
        int end = part.writerIndex();
        for (int at = part.readerIndex(); at < end;) {
            ByteBuffer input = current.getInputBuffer();
            int bytes = Math.min(end - at, INPUT);
            part.getBytes(at, input.clear().limit(bytes));
            push(current, EncoderJNI.Operation.PROCESS, bytes, to);
            at += bytes;
        }
        if (flush) {
            push(current, EncoderJNI.Operation.FLUSH, 0, to);
        }
    }

    @Override
    public void finish(ByteBuf to) {
        push(encoder(), EncoderJNI.Operation.FINISH, 0, to);
    }

    private static void push(EncoderJNI.Wrapper encoder, EncoderJNI.Operation operation, int bytes, ByteBuf to) {
        encoder.push(operation, bytes);
        while (encoder.isSuccess()) {
            if (encoder.hasMoreOutput()) {
                to.writeBytes(encoder.pull());
            } else if (encoder.hasRemainingInput()) {
                encoder.push(operation, 0);
            } else {
                return;
            }
        }
        throw new IllegalStateException("brotli has failed");
    }

    @Override
    public void reset() {
        close();
    }

    @Override
    public void close() {
        EncoderJNI.Wrapper used = encoder;
        if (used != null) {
            encoder = null;
            used.destroy();
        }
    }
}
