package io.solaster.http;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.multipart.Attribute;
import io.netty.handler.codec.http.multipart.DefaultHttpDataFactory;
import io.netty.handler.codec.http.multipart.FileUpload;
import io.netty.handler.codec.http.multipart.HttpPostMultipartRequestDecoder;
import io.netty.handler.codec.http.multipart.HttpPostRequestDecoder;
import io.netty.handler.codec.http.multipart.InterfaceHttpData;
import io.solaster.engine.Offload.Purpose;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import org.jspecify.annotations.Nullable;

/** Feeds a body to Netty's multipart decoder as it comes, and gathers what that finds. On the owning shard. */
final class MultipartReader extends DefaultHttpDataFactory implements RequestBody.Reader {
    /** What may wait for the disk before the client is not read from. */
    private static final long MOST_UNWRITTEN = 256 << 10;
    /** Of a part's head, and of what the decoder keeps behind what it has used up. */
    private static final int MOST_BUFFERED = 16 << 10;
    private static final int DISCARDED = 64 << 10;

    private static final ByteBuf CR = Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(new byte[]{'\r'}));

    /** A limit was gone beyond: what Netty's decoder lets through of a part's own checks. */
    static final class TooLarge extends IOException {
        TooLarge(String message) {
            super(message);
        }
    }

    private final Shard shard;
    private final RequestBody body;
    private final Multipart.Limits limits;
    private final ShardFuture<Multipart> whole;
    private final HttpPostMultipartRequestDecoder decoder;
    private final Map<String, List<String>> fields = new LinkedHashMap<>();
    private final List<Spool> spools = new ArrayList<>();
    private final List<Spool> files = new ArrayList<>();
    private boolean heldBack;
    private int parts;
    private long size;
    private long unwritten;
    private boolean ended;
    private boolean closing;
    private boolean over;
    /** The decoder is at work, and cannot be closed before it is done. */
    private boolean decoding;
    private @Nullable Throwable failure;

    private MultipartReader(HttpRequest request, String type, Multipart.Limits limits,
            ShardFuture<Multipart> whole) {
        super(false, StandardCharsets.UTF_8);
        this.shard = request.shard();
        this.body = request.body();
        this.limits = limits;
        this.whole = whole;
        setMaxLimit(limits.maxField().bytes());
        DefaultHttpRequest head = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, "/");
        head.headers().set(HttpHeaderNames.CONTENT_TYPE, type);
        decoder = new HttpPostMultipartRequestDecoder(this, head, StandardCharsets.UTF_8, limits.maxParts(),
                MOST_BUFFERED);
        decoder.setDiscardThreshold(DISCARDED);
    }

    static void read(HttpRequest request, HttpResponse response, String type, Multipart.Limits limits,
            ShardFuture<Multipart> whole) {
        if (request.body().length() > limits.maxSize().bytes()) {
            whole.fail(tooLarge("a form of more than " + limits.maxSize().bytes() + " bytes"));
            return;
        }
        MultipartReader reader;
        try {
            reader = new MultipartReader(request, type, limits, whole);
        } catch (HttpPostRequestDecoder.ErrorDataDecoderException e) {
            whole.fail(new HttpException(HttpResponseStatus.BAD_REQUEST, "Content-Type: '" + type + "' has no boundary",
                    e));
            return;
        }
        response.onEnd(failure -> reader.close());
        request.body().read(reader);
        request.body().request(1);
    }

    private static HttpException tooLarge(String what) {
        return new HttpException(HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE, what);
    }

    @Override
    public FileUpload createFileUpload(io.netty.handler.codec.http.HttpRequest request, String name, String filename,
            String contentType, String contentTransferEncoding, Charset charset, long size) {
        Spool spool = new Spool(this, shard, limits, name, filename, contentType, charset);
        spools.add(spool);
        return spool;
    }

    @Override
    public void part(ByteBuf part) {
        try {
            size += part.readableBytes();
            if (over) {
                return;
            }
            if (size > limits.maxSize().bytes()) {
                fail(tooLarge("a form of more than " + limits.maxSize().bytes() + " bytes"));
                return;
            }
            decode(part);
        } finally {
            part.release();
        }
        readOn();
    }

    /**
     * Holds a CR at the end back until what is behind it has come: Netty's decoder takes one that a delimiter begins with
     * for the file's, where the LF is not there yet.
     */
    private void decode(ByteBuf part) {
        ByteBuf text = heldBack ? Unpooled.wrappedBuffer(CR.duplicate(), part.duplicate()) : part;
        heldBack = text.isReadable() && text.getByte(text.writerIndex() - 1) == '\r';
        decode(new DefaultHttpContent(heldBack ? text.slice(text.readerIndex(), text.readableBytes() - 1) : text));
    }

    private void decode(HttpContent content) {
        decoding = true;
        try {
            decoder.offer(content);
            while (decoder.hasNext()) {
                take(decoder.next());
            }
        } catch (HttpPostRequestDecoder.EndOfDataDecoderException e) {
            // That was the last part.
        } catch (HttpPostRequestDecoder.TooManyFormFieldsException e) {
            fail(tooLarge("a form of more than " + limits.maxParts() + " parts"));
        } catch (HttpPostRequestDecoder.TooLongFormFieldException e) {
            fail(tooLarge("the head of a part of more than " + MOST_BUFFERED + " bytes"));
        } catch (IOException | RuntimeException e) { // of any kind: the decoder takes much for granted
            fail(refusal(e));
        } finally {
            decoding = false;
        }
        Throwable met = failure;
        if (met != null) {
            fail(met);
        }
    }

    private HttpException refusal(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof TooLarge) {
                return tooLarge(String.valueOf(cause.getMessage()));
            }
            if (cause instanceof IOException) { // what Netty's own check of a field's size throws
                return tooLarge("a field of more than " + limits.maxField().bytes() + " bytes");
            }
        }
        return new HttpException(HttpResponseStatus.BAD_REQUEST, "a malformed multipart/form-data body", failure);
    }

    private void take(InterfaceHttpData data) throws IOException {
        if (++parts > limits.maxParts()) {
            throw new HttpPostRequestDecoder.TooManyFormFieldsException();
        }
        if (data instanceof Spool spool) {
            files.add(spool);
        } else if (data instanceof Attribute attribute) {
            fields.computeIfAbsent(attribute.getName(), name -> new ArrayList<>(1)).add(attribute.getValue());
            attribute.release();
        }
    }

    /** A part of a file waits to be written. */
    void spooled(long bytes) {
        unwritten += bytes;
    }

    /** It has been. */
    void written(long bytes) {
        unwritten -= bytes;
        if (ended) {
            settle();
        } else if (unwritten + bytes > MOST_UNWRITTEN) {
            readOn();
        }
    }

    private void readOn() {
        if (!over && !ended && unwritten <= MOST_UNWRITTEN) {
            body.request(1);
        }
    }

    @Override
    public void end(HttpHeaders trailers) {
        ended = true;
        if (!over && heldBack) {
            decode(new DefaultHttpContent(CR.duplicate()));
        }
        if (!over) {
            decode(LastHttpContent.EMPTY_LAST_CONTENT);
        }
        for (Spool spool : spools) {
            if (!over && !spool.isCompleted()) {
                fail(new HttpException(HttpResponseStatus.BAD_REQUEST,
                        "a multipart/form-data body that ends too early"));
            }
        }
        settle();
    }

    /** Hands the form over once all of it has been written. */
    private void settle() {
        if (over || closing) {
            return;
        }
        for (Spool file : files) {
            if (!file.isSettled()) {
                return;
            }
        }
        closing = true;
        if (files.stream().noneMatch(Spool::isSpooled)) {
            whole.resolve(form());
            return;
        }
        ShardFuture<Boolean> closed = shard.offload().call(Purpose.FILES, () -> {
            for (Spool file : files) {
                file.close();
            }
            return true;
        });
        closed.whenComplete((done, met) -> {
            if (met != null) {
                failed(met);
            } else if (!over) {
                whole.resolve(form());
            }
        });
    }

    private Multipart form() {
        List<Part> found = new ArrayList<>();
        for (Spool file : files) {
            found.add(new Part(shard, file.getName(), lastSegment(file.getFilename()), file.getContentType(),
                    file.length(), file.isSpooled() ? null : file.memory(), file.path()));
        }
        return new Multipart(new Form(fields), List.copyOf(found));
    }

    private static String lastSegment(String filename) {
        int slash = Math.max(filename.lastIndexOf('/'), filename.lastIndexOf('\\'));
        return filename.substring(slash + 1).replace("\0", "");
    }

    @Override
    public void failed(Throwable cause) {
        fail(Failures.cause(cause));
    }

    private void fail(Throwable cause) {
        if (decoding) {
            failure = failure == null ? cause : failure;
        } else if (!over) {
            close();
            whole.fail(cause);
        }
    }

    /** At the end of the exchange, or of the attempt: nothing is left in memory or on disk. */
    private void close() {
        if (!over) {
            over = true;
            decoder.destroy();
            spools.forEach(Spool::discard);
        }
    }
}
