package io.solaster.spring.reload;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits until files have changed and are left alone again. Events of the directories that they stand in wake it, which
 * covers editors that replace a file and Kubernetes, which swaps the link {@code ..data} beside it; where there are no
 * events, as on network file systems, it looks once in a while. What has changed is told by what the files are, links
 * followed, and never by the events. One thread, but {@link #close}.
 */
final class FileWatch implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(FileWatch.class);
    /** Trees of files are as deep as keys are long. */
    private static final int DEPTH = 8;
    /** Files that never come to rest are read all the same. */
    private static final int MOST_DEBOUNCES = 10;

    private final @Nullable WatchService service;
    private final Map<Path, WatchKey> directories = new HashMap<>();
    private Map<Path, String> seen = Map.of();

    FileWatch() {
        service = open();
    }

    private static @Nullable WatchService open() {
        try {
            return Path.of("").getFileSystem().newWatchService();
        } catch (IOException | UnsupportedOperationException e) {
            log.info("Changes of configuration files are looked for, since the system does not tell of them: {}",
                    e.toString());
            return null;
        }
    }

    /** What the files are now: the same answer means that nothing has changed. */
    static Map<Path, String> prints(Collection<Path> files) {
        Map<Path, String> prints = new TreeMap<>();
        for (Path file : files) {
            prints.put(file, print(file));
            if (Files.isDirectory(file)) {
                try (Stream<Path> below = Files.walk(file, DEPTH, FileVisitOption.FOLLOW_LINKS)) {
                    below.filter(Files::isRegularFile).forEach(each -> prints.put(each, print(each)));
                } catch (IOException | RuntimeException e) {
                    prints.put(file, e.toString());
                }
            }
        }
        return prints;
    }

    private static String print(Path file) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return file.toRealPath() + " " + attributes.fileKey() + " " + attributes.lastModifiedTime() + " "
                    + (attributes.isDirectory() ? "" : attributes.size());
        } catch (IOException e) {
            return "gone";
        }
    }

    /** From here on, only what differs from this is a change. */
    void remember(Map<Path, String> prints) {
        seen = prints;
    }

    /**
     * Waits for a change.
     *
     * @return what the files are now, left alone for as long as asked, or changing for ten times that
     */
    Map<Path, String> await(Collection<Path> files, Duration debounce, Duration pollInterval)
            throws InterruptedException {
        while (true) {
            watch(files);
            Map<Path, String> now = prints(files);
            if (!now.equals(seen)) {
                return settled(files, now, debounce);
            }
            pause(pollInterval);
        }
    }

    private Map<Path, String> settled(Collection<Path> files, Map<Path, String> first, Duration debounce)
            throws InterruptedException {
        Map<Path, String> before = first;
        for (int i = 0; i < MOST_DEBOUNCES; i++) {
            Thread.sleep(debounce);
            Map<Path, String> now = prints(files);
            if (now.equals(before)) {
                return now;
            }
            before = now;
        }
        return before;
    }

    private void pause(Duration pollInterval) throws InterruptedException {
        if (service == null) {
            Thread.sleep(pollInterval);
            return;
        }
        try {
            WatchKey key = service.poll(pollInterval.toMillis(), TimeUnit.MILLISECONDS);
            while (key != null) {
                key.pollEvents();
                if (!key.reset()) {
                    directories.values().remove(key);
                }
                key = service.poll();
            }
        } catch (ClosedWatchServiceException e) {
            throw new InterruptedException("closed");
        }
    }

    private void watch(Collection<Path> files) {
        if (service == null) {
            return;
        }
        List<Path> wanted = new ArrayList<>();
        for (Path file : files) {
            Path parent = file.getParent();
            if (parent != null) {
                wanted.add(parent);
            }
            if (Files.isDirectory(file)) {
                wanted.add(file);
            }
            real(file, wanted);
        }
        for (Path directory : wanted) {
            if (!directories.containsKey(directory) && Files.isDirectory(directory)) {
                try {
                    directories.put(directory, directory.register(service, StandardWatchEventKinds.ENTRY_CREATE,
                            StandardWatchEventKinds.ENTRY_MODIFY, StandardWatchEventKinds.ENTRY_DELETE));
                } catch (IOException e) {
                    log.debug("{} is not watched but looked at", directory, e);
                }
            }
        }
    }

    /** A link's target may change where it stands. */
    private static void real(Path file, List<Path> wanted) {
        try {
            Path parent = file.toRealPath().getParent();
            if (parent != null) {
                wanted.add(parent);
            }
        } catch (IOException e) {
            // It is gone.
        }
    }

    @Override
    public void close() {
        if (service != null) {
            try {
                service.close();
            } catch (IOException e) {
                log.debug("Closing the watch failed", e);
            }
        }
    }
}
