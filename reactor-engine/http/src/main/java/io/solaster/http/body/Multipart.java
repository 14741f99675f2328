package io.solaster.http.body;

import java.nio.file.Path;
import java.util.List;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.ShardFuture;
import io.solaster.http.Escapes;
import io.solaster.http.Form;
import io.solaster.http.HttpException;
import io.solaster.http.HttpHandler;
import io.solaster.http.HttpRequest;
import io.solaster.http.HttpResponse;
import io.solaster.http.MediaTypes;
import io.solaster.http.RequestBody;
import io.solaster.http.route.Router;
import org.jspecify.annotations.Nullable;

/**
 * A form with files: {@code multipart/form-data}. It is read as it comes, in a
 * {@linkplain HttpHandler#streaming streaming} handler, so that it may be larger than the server's {@code max-body};
 * files beyond a limit are written to disk, as the shard's other files are, no faster than that keeps up, and are gone with the
 * exchange, on Linux also where the process is killed. Where there is no room for them the answer is 507. On the owning shard.
 *
 * {@snippet :
 * Router.builder().post("/photos", HttpHandler.streaming(HttpHandler.async((request, response) ->
 *         Multipart.read(request, response).thenAccept(form -> {
 *             String title = form.form().required("title");
 *             Part photo = form.required("photo");
 *             response.send(title + ": " + photo.size() + " bytes");
 *         }))));
 * }
 */
public final class Multipart {

    /**
     * How much is taken; what is more is refused with 413.
     *
     * @param maxSize of all of it, in bytes
     * @param maxFile of one file, in bytes
     * @param maxField of one field that is no file, in bytes
     * @param maxParts fields and files
     * @param memory of one file that stays in memory, in bytes; a larger one goes to disk
     * @param directory where; null for the system's for temporary files
     */
    public record Limits(ByteSize maxSize, ByteSize maxFile, ByteSize maxField, int maxParts, ByteSize memory,
            @Nullable Path directory) {

        /** 100 MB in 128 parts, of which a file may take all; 64 KB a field; files of up to 64 KB in memory. */
        public static final Limits DEFAULT = new Limits(ByteSize.valueOf("100MB"), ByteSize.valueOf("100MB"),
                ByteSize.valueOf("64KB"), 128, ByteSize.valueOf("64KB"), null);
    }

    private final Form form;
    private final List<Part> files;

    Multipart(Form form, List<Part> files) {
        this.form = form;
        this.files = files;
    }

    /** Reads one within {@link Limits#DEFAULT}. */
    public static ShardFuture<Multipart> read(HttpRequest request, HttpResponse response) {
        return read(request, response, Limits.DEFAULT);
    }

    /**
     * Reads one.
     *
     * @param response at whose end the files are deleted, and those in memory released
     * @return fails with an {@link HttpException} of status 415 if the body is of another type, 413 if it goes beyond a
     *         limit, 400 if it is malformed, and as {@link RequestBody#whole} does
     * @throws IllegalStateException if the body has been read already, as a {@link Router} does for a handler that is not
     *         streaming
     */
    public static ShardFuture<Multipart> read(HttpRequest request, HttpResponse response, Limits limits) {
        String type = request.header(HttpHeaderNames.CONTENT_TYPE);
        ShardFuture<Multipart> whole = request.shard().newFuture();
        if (type == null || !MediaTypes.is(type, "multipart/form-data")) {
            whole.fail(new HttpException(HttpResponseStatus.UNSUPPORTED_MEDIA_TYPE,
                    "Content-Type: '" + type + "' is not multipart/form-data"));
            return whole;
        }
        MultipartReader.read(request, response, type, limits, whole);
        return whole;
    }

    /** The fields that are no files. */
    public Form form() {
        return form;
    }

    /** The files, in their order. */
    public List<Part> files() {
        return files;
    }

    /** The first file of a field; null if there is none. */
    public @Nullable Part file(String name) {
        for (Part file : files) {
            if (file.name().equals(name)) {
                return file;
            }
        }
        return null;
    }

    /**
     * The first file of a field, which there must be.
     *
     * @throws HttpException with status 400, naming the field, if there is none
     */
    public Part required(String name) {
        Part file = file(name);
        if (file == null) {
            throw Escapes.bad("file '" + name + "' is missing");
        }
        return file;
    }
}
