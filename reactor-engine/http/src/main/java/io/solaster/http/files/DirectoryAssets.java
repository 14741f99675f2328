package io.solaster.http.files;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;

/** Files beneath a directory. A link is followed as long as it does not lead out of there. */
final class DirectoryAssets implements Assets {
    private final Path root;

    /** @throws IllegalArgumentException if it is no directory that can be read */
    DirectoryAssets(Path root) {
        try {
            this.root = root.toRealPath();
        } catch (IOException e) {
            throw new IllegalArgumentException("static files: " + root + " cannot be read: " + e, e);
        }
        if (!Files.isDirectory(this.root)) {
            throw new IllegalArgumentException("static files: " + root + " is not a directory");
        }
    }

    @Override
    public @Nullable Asset find(String path, String index, long largestHeld) throws IOException {
        Path file = inside(path);
        if (file == null) {
            return null;
        }
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        String name = path;
        if (attributes.isDirectory()) {
            if (!path.isEmpty() && !path.endsWith("/")) {
                return Asset.DIRECTORY;
            }
            name = path + index;
            file = inside(name);
            if (file == null) {
                return null;
            }
            attributes = Files.readAttributes(file, BasicFileAttributes.class);
        } else if (path.endsWith("/")) {
            return null;
        }
        if (!attributes.isRegularFile()) {
            return null;
        }
        List<Asset.Variant> variants = new ArrayList<>(1);
        variants.add(variant(file, attributes, null, largestHeld));
        for (StaticFiles.Coding coding : StaticFiles.Coding.values()) {
            Path sibling = inside(name + coding.suffix);
            if (sibling != null) {
                BasicFileAttributes its = Files.readAttributes(sibling, BasicFileAttributes.class);
                // An older one was made of another file.
                if (its.isRegularFile() && its.lastModifiedTime().compareTo(attributes.lastModifiedTime()) >= 0) {
                    variants.add(variant(sibling, its, coding.token, largestHeld));
                }
            }
        }
        long seconds = attributes.lastModifiedTime().to(TimeUnit.SECONDS);
        return new Asset(ContentTypes.of(name), seconds * 1000, List.copyOf(variants));
    }

    /** The file itself, wherever links lead; null if there is none, or none that is ours. */
    private @Nullable Path inside(String path) throws IOException {
        try {
            Path real = root.resolve(path).toRealPath();
            return real.startsWith(root) ? real : null;
        } catch (InvalidPathException | FileSystemException | FileNotFoundException e) {
            return null;
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static Asset.Variant variant(Path file, BasicFileAttributes attributes, @Nullable String coding,
            long largestHeld) throws IOException {
        long size = attributes.size();
        ByteBuffer content = null;
        if (size <= largestHeld) {
            content = read(file, (int) size);
            size = content.remaining();
        }
        String tag = "\"" + Long.toHexString(attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS)) + "-"
                + Long.toHexString(size) + (coding == null ? "" : "-" + coding) + "\"";
        return new Asset.Variant(coding, tag, size, content, file);
    }

    private static ByteBuffer read(Path file, int size) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocateDirect(size);
        try (FileChannel channel = FileChannel.open(file)) {
            while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
                // Until it ends, be that earlier than it was thought.
            }
        }
        return bytes.flip().asReadOnlyBuffer();
    }

    @Override
    public String toString() {
        return root.toString();
    }
}
