package io.solaster.http.files;

import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLConnection;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * Files in the class path, in jars mostly. They are read into memory to be sent, whatever their size; their tags are
 * made of what they hold, since many a build gives every entry of a jar the same time.
 */
final class ClassPathAssets implements Assets {
    private static final int TAG_BYTES = 12;

    private final ClassLoader loader;
    private final String base;

    ClassPathAssets(ClassLoader loader, String base) {
        this.loader = loader;
        String inner = base.startsWith("/") ? base.substring(1) : base;
        this.base = inner.isEmpty() || inner.endsWith("/") ? inner : inner + "/";
    }

    @Override
    public @Nullable Asset find(String path, String index, long largestHeld) throws IOException {
        String name = path.isEmpty() || path.endsWith("/") ? path + index : path;
        if (name.endsWith(".class")) {
            return null;
        }
        Loaded loaded = load(name, null);
        if (loaded == null) {
            return name.equals(path) && load(path + "/" + index, null) != null ? Asset.DIRECTORY : null;
        }
        List<Asset.Variant> variants = new ArrayList<>(1);
        variants.add(loaded.variant);
        for (StaticFiles.Coding coding : StaticFiles.Coding.values()) {
            Loaded sibling = load(name + coding.suffix, coding.token);
            if (sibling != null) {
                variants.add(sibling.variant);
            }
        }
        return new Asset(ContentTypes.of(name), loaded.modified / 1000 * 1000, List.copyOf(variants));
    }

    private record Loaded(Asset.Variant variant, long modified) {}

    private @Nullable Loaded load(String name, @Nullable String coding) throws IOException {
        URL url = loader.getResource(base + name);
        if (url == null || isDirectory(url, name)) {
            return null;
        }
        URLConnection connection = url.openConnection();
        connection.setUseCaches(false);
        byte[] bytes;
        try (InputStream in = connection.getInputStream()) {
            bytes = in.readAllBytes();
        }
        ByteBuffer content = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip().asReadOnlyBuffer();
        return new Loaded(new Asset.Variant(coding, tag(bytes), bytes.length, content, null),
                Math.max(0, connection.getLastModified()));
    }

    /** A directory has a URL too: in a jar one of its own, elsewhere the same with and without a slash. */
    private boolean isDirectory(URL url, String name) throws IOException {
        if (!url.getProtocol().equals("file")) {
            return loader.getResource(base + name + "/") != null;
        }
        try {
            return Files.isDirectory(Path.of(url.toURI()));
        } catch (URISyntaxException e) {
            throw new IOException(e);
        }
    }

    private static String tag(byte[] bytes) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
            return "\"" + HexFormat.of().formatHex(digest, 0, TAG_BYTES) + "\"";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public String toString() {
        return "classpath:" + base;
    }
}
