package io.solaster.http.files;

import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.RejectedExecutionException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.config.Internal;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.http.Escapes;
import io.solaster.http.Failures;
import io.solaster.http.HttpException;
import io.solaster.http.HttpHandler;
import io.solaster.http.HttpRequest;
import io.solaster.http.HttpResponse;
import io.solaster.http.MediaTypes;
import org.jspecify.annotations.Nullable;

/**
 * Answers with files: those beneath a directory, or in the class path. On a route whose template ends with a name for
 * all that is left, which names the file: {@code get("/assets/{*path}", StaticFiles.of(Path.of("web")))}.
 *
 * <p>
 * Content types by extension; ETag and Last-Modified and what depends on them (304, 412); ranges, one or several (206,
 * 416); a sibling {@code .br} or {@code .gz} that is not older, to whom accepts it; {@code index.html} for a directory,
 * after a redirect to the path with a slash. Nothing outside of the root is reachable, through links neither, nor what
 * begins with a dot, except {@code .well-known}. Only GET and HEAD.
 *
 * <p>
 * No shard waits for a disk. Small files are kept in memory by each shard, for a second without a look at whether they have
 * changed; files are looked at by {@link io.solaster.engine.Offload}'s threads. Larger ones are opened and read as {@link
 * io.solaster.engine.Shard#files} are. Over a plain connection of HTTP/1 on epoll the kernel sends them by sendfile, 256 KiB at
 * a time: sendfile would have the shard wait for what is not in the page cache, so the kernel is asked before (preadv2 with
 * RWF_NOWAIT, a byte in each 16 KiB), and what it does not have is read off the shard, and sent from memory. Over io_uring, NIO,
 * TLS and HTTP/2, and where the kernel or the file system has no answer, all of it is read so.
 *
 * <p>
 * A file that becomes shorter while it is sent ends the connection, as does one that cannot be read any more; before the head
 * that is told by 503 and 500. A file that another takes the place of is sent to its end as it was; one that is written to is
 * sent as it is by then, so that others had better be renamed into their place. One instance for all shards.
 */
public final class StaticFiles implements HttpHandler {
    private static final long LARGEST_HELD = 64 << 10;

    /** The encodings of files that lie beside them, the better one first. */
    enum Coding {
        BROTLI("br", ".br"), GZIP("gzip", ".gz");

        final String token;
        final String suffix;

        Coding(String token, String suffix) {
            this.token = token;
            this.suffix = suffix;
        }
    }

    private final Assets assets;
    private final String index;
    private final String cacheControl;
    private final long cacheSize;
    /** Written once per shard. */
    private final ConcurrentMap<Shard, AssetCache> caches = new ConcurrentHashMap<>();

    private StaticFiles(Assets assets, String index, String cacheControl, long cacheSize) {
        this.assets = assets;
        this.index = index;
        this.cacheControl = cacheControl;
        this.cacheSize = cacheSize;
    }

    /**
     * The files beneath a directory.
     *
     * @throws IllegalArgumentException if that is no directory
     */
    public static StaticFiles of(Path root) {
        return of(new DirectoryAssets(root));
    }

    /**
     * The files beneath a place in the class path, such as {@code static}; classes are not.
     *
     * @param loader asked for them
     */
    public static StaticFiles ofClassPath(ClassLoader loader, String base) {
        return of(new ClassPathAssets(loader, base));
    }

    private static StaticFiles of(Assets assets) {
        return new StaticFiles(assets, "index.html", "no-cache", 8 << 20);
    }

    /** The same with another file for a directory. */
    public StaticFiles withIndex(String name) {
        return new StaticFiles(assets, name, cacheControl, cacheSize);
    }

    /**
     * The same with another Cache-Control, such as {@code public, max-age=31536000, immutable} for files whose names tell
     * their contents apart. {@code no-cache} unless it is set: to be asked about each time.
     */
    public StaticFiles withCacheControl(String value) {
        return new StaticFiles(assets, index, value, cacheSize);
    }

    /** The same with another bound on what each shard keeps in memory, 8 MB unless it is set; 0 keeps nothing. */
    public StaticFiles withCache(ByteSize most) {
        return new StaticFiles(assets, index, cacheControl, most.bytes());
    }

    @Override
    public String toString() {
        return "StaticFiles[" + assets + "]";
    }

    @Override
    public void handle(HttpRequest request, HttpResponse response) {
        if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
            throw new HttpException(HttpResponseStatus.METHOD_NOT_ALLOWED, "a file can be read only")
                    .header(HttpHeaderNames.ALLOW, "GET, HEAD");
        }
        String path = fileOf(request);
        // An escaped slash is none to whoever has guarded the path, and no file's name has one.
        if (!isServed(path) || Escapes.hidesSlash(request.rawPath(), 0)) {
            throw missing(request);
        }
        if (path.equals(".")) {
            redirect(request, response);
            return;
        }
        AssetCache cache = caches.computeIfAbsent(request.shard(), shard -> new AssetCache(shard, cacheSize));
        Asset known = cache.known(path);
        if (known != null) {
            answer(request, response, known, path);
            return;
        }
        ShardFuture<@Nullable Asset> look = cache.look(path,
                () -> assets.find(path, index, Math.min(LARGEST_HELD, cacheSize / 4)));
        look.whenComplete((asset, failure) -> {
            if (response.isEnded()) {
                return;
            }
            try {
                if (failure != null) {
                    throw failure;
                }
                if (asset == null) {
                    throw missing(request);
                }
                answer(request, response, asset, path);
            } catch (Throwable e) {
                response.fail(refusal(e));
            }
        });
    }

    /** What a file is not read for; 503 where there are too many. */
    @Internal
    public static Throwable refusal(Throwable failure) {
        Throwable cause = Failures.cause(failure);
        return cause instanceof RejectedExecutionException full
                ? new HttpException(HttpResponseStatus.SERVICE_UNAVAILABLE, "too busy to read files", full).told()
                : cause;
    }

    private static HttpException missing(HttpRequest request) {
        return new HttpException(HttpResponseStatus.NOT_FOUND, "nothing at " + request.rawPath());
    }

    /** What the template's last name stands for; the whole path where it has none. */
    private static String fileOf(HttpRequest request) {
        String template = request.route();
        if (template != null && template.endsWith("}")) {
            int rest = template.lastIndexOf("{*");
            if (rest >= 0) {
                String file = request.pathParam(template.substring(rest + 2, template.length() - 1));
                // /assets is the directory without its slash.
                return file.isEmpty() && !request.rawPath().endsWith("/") ? "." : file;
            }
        }
        return request.path().substring(1);
    }

    /** Whether a path has neither empty segments nor hidden ones, nor characters that mean something to file systems. */
    private static boolean isServed(String path) {
        if (path.indexOf('\\') >= 0 || path.indexOf('\0') >= 0) {
            return false;
        }
        int from = 0;
        while (from < path.length()) {
            int to = Escapes.segmentEnd(path, from);
            boolean hidden = path.charAt(from) == '.' && !path.startsWith(".well-known/", from) && !path.equals(".");
            if (to == from || hidden) {
                return false;
            }
            from = to + 1;
        }
        return true;
    }

    private void answer(HttpRequest request, HttpResponse response, Asset asset, String path) {
        if (asset.variants().isEmpty()) {
            redirect(request, response);
            return;
        }
        Asset.Variant variant = choose(asset, request);
        describe(response, asset, variant);
        if (isUnmet(request, asset, variant)) {
            response.status(HttpResponseStatus.PRECONDITION_FAILED).send();
        } else if (isKnown(request, asset, variant)) {
            response.status(HttpResponseStatus.NOT_MODIFIED).send();
        } else {
            response.header(HttpHeaderNames.CONTENT_TYPE, asset.type());
            if (variant.coding() != null) {
                response.header(HttpHeaderNames.CONTENT_ENCODING, variant.coding());
            }
            send(request, response, asset, variant, path);
        }
    }

    /** To the same with a slash, so that what a directory's page names relatively is found. */
    private static void redirect(HttpRequest request, HttpResponse response) {
        String query = request.rawQuery();
        response.header(HttpHeaderNames.LOCATION, request.rawPath() + "/" + (query == null ? "" : "?" + query))
                .status(HttpResponseStatus.MOVED_PERMANENTLY)
                .send();
    }

    private static Asset.Variant choose(Asset asset, HttpRequest request) {
        if (asset.variants().size() > 1) {
            String accepted = request.header(HttpHeaderNames.ACCEPT_ENCODING);
            for (int i = 1; accepted != null && i < asset.variants().size(); i++) {
                Asset.Variant variant = asset.variants().get(i);
                if (variant.coding() != null && MediaTypes.acceptsCoding(accepted, variant.coding())) {
                    return variant;
                }
            }
        }
        return asset.variants().getFirst();
    }

    /** What a 304 tells as well. */
    private void describe(HttpResponse response, Asset asset, Asset.Variant variant) {
        response.header(HttpHeaderNames.ETAG, variant.tag())
                .header(HttpHeaderNames.CACHE_CONTROL, cacheControl)
                .header(HttpHeaderNames.ACCEPT_RANGES, "bytes")
                .header("X-Content-Type-Options", "nosniff");
        if (asset.modified() > 0) {
            response.header(HttpHeaderNames.LAST_MODIFIED, HttpDates.format(asset.modified()));
        }
        if (asset.variants().size() > 1) {
            response.header(HttpHeaderNames.VARY, HttpHeaderNames.ACCEPT_ENCODING);
        }
    }

    private static boolean isUnmet(HttpRequest request, Asset asset, Asset.Variant variant) {
        List<String> match = request.headers(HttpHeaderNames.IF_MATCH);
        if (!match.isEmpty()) {
            return !names(match, variant.tag(), false);
        }
        long since = HttpDates.parse(request.header(HttpHeaderNames.IF_UNMODIFIED_SINCE));
        return since != HttpDates.NONE && asset.modified() > since;
    }

    private static boolean isKnown(HttpRequest request, Asset asset, Asset.Variant variant) {
        List<String> match = request.headers(HttpHeaderNames.IF_NONE_MATCH);
        if (!match.isEmpty()) {
            return names(match, variant.tag(), true);
        }
        long since = HttpDates.parse(request.header(HttpHeaderNames.IF_MODIFIED_SINCE));
        return asset.modified() > 0 && asset.modified() <= since;
    }

    private static boolean names(List<String> headers, String tag, boolean weakly) {
        for (String header : headers) {
            for (String each : header.split(",", -1)) {
                String named = each.trim();
                if (named.equals("*") || named.equals(tag) || weakly && named.startsWith("W/")
                        && named.regionMatches(2, tag, 0, tag.length()) && named.length() == tag.length() + 2) {
                    return true;
                }
            }
        }
        return false;
    }

    private void send(HttpRequest request, HttpResponse response, Asset asset, Asset.Variant variant, String path) {
        List<Ranges.Range> ranges = rangesOf(request, asset, variant);
        if (ranges == null) {
            sendParts(request, response, variant, path, List.of(new FilePump.Piece("", 0, variant.size())));
            return;
        }
        long size = variant.size();
        if (ranges.isEmpty()) {
            throw new HttpException(HttpResponseStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "it has " + size + " bytes")
                    .header(HttpHeaderNames.CONTENT_RANGE, "bytes */" + size);
        }
        response.status(HttpResponseStatus.PARTIAL_CONTENT);
        if (ranges.size() == 1) {
            Ranges.Range range = ranges.getFirst();
            response.header(HttpHeaderNames.CONTENT_RANGE, contentRange(range, size));
            sendParts(request, response, variant, path,
                    List.of(new FilePump.Piece("", range.first(), range.length())));
            return;
        }
        String boundary = "solaster-" + Long.toHexString(request.shard().environment().random().nextLong());
        response.header(HttpHeaderNames.CONTENT_TYPE, "multipart/byteranges; boundary=" + boundary);
        List<FilePump.Piece> pieces = new ArrayList<>();
        for (Ranges.Range range : ranges) {
            pieces.add(new FilePump.Piece("\r\n--" + boundary + "\r\nContent-Type: " + asset.type()
                    + "\r\nContent-Range: " + contentRange(range, size) + "\r\n\r\n", range.first(), range.length()));
        }
        pieces.add(new FilePump.Piece("\r\n--" + boundary + "--\r\n", 0, 0));
        sendParts(request, response, variant, path, pieces);
    }

    private static @Nullable List<Ranges.Range> rangesOf(HttpRequest request, Asset asset, Asset.Variant variant) {
        String range = request.method().equals(HttpMethod.GET) ? request.header(HttpHeaderNames.RANGE) : null;
        if (range == null) {
            return null;
        }
        String unless = request.header(HttpHeaderNames.IF_RANGE);
        if (unless != null && !unless.trim().equals(variant.tag())
                && (asset.modified() == 0 || HttpDates.parse(unless) != asset.modified())) {
            return null;
        }
        return Ranges.parse(range, variant.size());
    }

    private static String contentRange(Ranges.Range range, long size) {
        return "bytes " + range.first() + "-" + range.last() + "/" + size;
    }

    private void sendParts(HttpRequest request, HttpResponse response, Asset.Variant variant, String path,
            List<FilePump.Piece> pieces) {
        long length = 0;
        for (FilePump.Piece piece : pieces) {
            length += piece.before().length() + piece.count();
        }
        ByteBuffer content = variant.content();
        Path file = variant.file();
        if (content != null) {
            response.send(cut(content, pieces));
        } else if (request.method().equals(HttpMethod.HEAD)) {
            response.header(HttpHeaderNames.CONTENT_LENGTH, Long.toString(length));
            response.stream().end();
        } else if (file != null) {
            openAndSend(request, response, file, variant.size(), path, pieces, length);
        }
    }

    private static ByteBuf cut(ByteBuffer content, List<FilePump.Piece> pieces) {
        if (pieces.size() == 1 && pieces.getFirst().before().isEmpty()) {
            FilePump.Piece piece = pieces.getFirst();
            return Unpooled.wrappedBuffer(content.slice((int) piece.position(), (int) piece.count()));
        }
        CompositeByteBuf body = Unpooled.compositeBuffer(2 * pieces.size());
        for (FilePump.Piece piece : pieces) {
            body.addComponent(true, piece.head());
            body.addComponent(true,
                    Unpooled.wrappedBuffer(content.slice((int) piece.position(), (int) piece.count())));
        }
        return body;
    }

    private void openAndSend(HttpRequest request, HttpResponse response, Path file, long size, String path,
            List<FilePump.Piece> pieces, long length) {
        Shard shard = request.shard();
        // The way there was resolved; a link that has taken its place since is not followed.
        shard.files().openToSend(file).whenComplete((opened, failure) -> {
            if (opened == null) {
                forget(shard, path);
                if (!response.isEnded()) {
                    response.fail(failure instanceof NoSuchFileException ? missing(request) : refusal(failure));
                }
            } else if (response.isEnded()) {
                opened.close();
            } else if (opened.sizeWhenOpened() >= 0 && opened.sizeWhenOpened() != size) {
                forget(shard, path);
                opened.close();
                response.fail(FilePump.isShorter(false));
            } else if (pieces.size() == 1 && pieces.getFirst().before().isEmpty()) {
                FilePump.Piece piece = pieces.getFirst();
                response.sendFile(opened, piece.position(), piece.count());
            } else {
                response.onEnd(ended -> opened.close());
                response.header(HttpHeaderNames.CONTENT_LENGTH, Long.toString(length));
                FilePump.send(request, response, FilePump.of(shard, opened), pieces);
            }
        });
    }

    private void forget(Shard shard, String path) {
        AssetCache cache = caches.get(shard);
        if (cache != null) {
            cache.forget(path);
        }
    }
}
