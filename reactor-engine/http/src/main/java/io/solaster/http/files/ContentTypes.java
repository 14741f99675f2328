package io.solaster.http.files;

import java.util.Locale;
import java.util.Map;

/** What the names of files say about what is in them. */
final class ContentTypes {
    private static final String UNKNOWN = "application/octet-stream";
    private static final Map<String, String> BY_EXTENSION = Map.ofEntries(
            text("html", "text/html"), text("htm", "text/html"), text("css", "text/css"),
            text("js", "text/javascript"), text("mjs", "text/javascript"), text("txt", "text/plain"),
            text("md", "text/markdown"), text("csv", "text/csv"), text("xml", "text/xml"), text("ics", "text/calendar"),
            text("vtt", "text/vtt"), text("yaml", "application/yaml"), text("yml", "application/yaml"),
            plain("json", "application/json"), plain("map", "application/json"),
            plain("webmanifest", "application/manifest+json"), plain("xhtml", "application/xhtml+xml"),
            plain("rss", "application/rss+xml"), plain("atom", "application/atom+xml"),
            plain("pdf", "application/pdf"), plain("wasm", "application/wasm"), plain("zip", "application/zip"),
            plain("gz", "application/gzip"), plain("br", "application/x-brotli"), plain("tar", "application/x-tar"),
            plain("jar", "application/java-archive"), plain("svg", "image/svg+xml"), plain("png", "image/png"),
            plain("jpg", "image/jpeg"), plain("jpeg", "image/jpeg"), plain("gif", "image/gif"),
            plain("webp", "image/webp"), plain("avif", "image/avif"), plain("ico", "image/x-icon"),
            plain("bmp", "image/bmp"), plain("tif", "image/tiff"), plain("tiff", "image/tiff"),
            plain("woff", "font/woff"), plain("woff2", "font/woff2"), plain("ttf", "font/ttf"),
            plain("otf", "font/otf"), plain("mp3", "audio/mpeg"), plain("ogg", "audio/ogg"), plain("wav", "audio/wav"),
            plain("flac", "audio/flac"), plain("m4a", "audio/mp4"), plain("mp4", "video/mp4"),
            plain("webm", "video/webm"), plain("mov", "video/quicktime"),
            plain("m3u8", "application/vnd.apple.mpegurl"),
            plain("ts", "video/mp2t"));

    private ContentTypes() {}

    private static Map.Entry<String, String> text(String extension, String type) {
        return Map.entry(extension, type + ";charset=utf-8");
    }

    private static Map.Entry<String, String> plain(String extension, String type) {
        return Map.entry(extension, type);
    }

    /** @param name of a file, directories or not */
    static String of(String name) {
        int dot = name.lastIndexOf('.');
        if (dot <= name.lastIndexOf('/')) {
            return UNKNOWN;
        }
        return BY_EXTENSION.getOrDefault(name.substring(dot + 1).toLowerCase(Locale.ROOT), UNKNOWN);
    }
}
