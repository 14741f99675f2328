package io.solaster.engine.net;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import java.util.random.RandomGenerator;

import io.netty.channel.unix.DomainSocketAddress;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.ServerConfig;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Unix domain socket that a server listens on: a file, or an abstract name, which is none and goes with its socket.
 *
 * <p>
 * A file is bound beside the path, given its permissions, and put in its place by a rename. So nobody connects before it has
 * them, what a server that died has left is replaced, and clients meet one socket or the other. One behind which somebody
 * listens is refused, and so is whatever is no socket. Not on a shard: files are looked at.
 */
final class UnixSocket {
    private static final Logger log = LoggerFactory.getLogger(UnixSocket.class);
    /** Different file names beside the path, of three characters more than its own: the JDK takes 106 bytes. */
    private static final int NAMES = 36 * 36 * 36;
    private static final int ENDING = 3;
    /** Longer than anybody takes from bind to listen. */
    private static final long OLD_MILLIS = 60_000;

    private final String name;
    private final String mode;
    private final boolean isAbstract;
    private final Transport transport;
    private final RandomGenerator random;
    /** Tells the file that this has put there from one that another has; null while there is none. */
    private @Nullable Object key;
    /** Where it is bound before it is put in its place. */
    private @Nullable Path beside;

    private UnixSocket(String name, String mode, Transport transport, RandomGenerator random) {
        this.name = name;
        this.mode = mode;
        this.isAbstract = name.startsWith("@");
        this.transport = transport;
        this.random = random;
    }

    /** What a server is to listen on; null if that is no Unix domain socket. */
    static @Nullable UnixSocket of(ServerConfig config, Transport transport, RandomGenerator random) {
        return config.isUnix()
                ? new UnixSocket(config.host().substring(ServerConfig.UNIX.length()), config.socketMode(), transport,
                        random)
                : null;
    }

    /**
     * Makes sure that nobody has it.
     *
     * @return what to bind; {@link #bound} follows
     * @throws Refused if somebody has
     */
    SocketAddress toBind() throws Refused {
        if (isAbstract) {
            if (transport == Transport.NIO) {
                throw new Refused("the JDK knows no abstract names",
                        "set .host to a path, as unix:/run/app.sock, or solaster.engine.transport to epoll or io_uring");
            }
            return new DomainSocketAddress('\0' + name.substring(1));
        }
        Path path = Path.of(name);
        Path directory = path.getParent();
        if (directory == null || !Files.isDirectory(directory)) {
            throw new Refused("there is no directory " + directory, "make it, or set .host to another path");
        }
        refuseIfTaken(path);
        Path own = freeBeside();
        beside = own;
        return transport == Transport.NIO
                ? UnixDomainSocketAddress.of(own)
                : new DomainSocketAddress(own.toString());
    }

    /**
     * A name that no other server has: Netty removes the file that a channel was bound to when that is closed, wherever the
     * socket's own file has gone, and so would remove that of another server that had the same name.
     */
    private Path freeBeside() {
        Path path;
        do {
            int drawn = NAMES + random.nextInt(NAMES);
            path = Path.of(name + Integer.toString(drawn, 36).substring(1));
        } while (Files.exists(path, LinkOption.NOFOLLOW_LINKS));
        return path;
    }

    private static void refuseIfTaken(Path path) throws Refused {
        try {
            if (!attributes(path).isOther()) {
                throw new Refused(path + " is no socket", "remove it, or set .host to another path");
            }
        } catch (NoSuchFileException free) {
            return;
        } catch (IOException e) {
            throw new Refused(path + " cannot be looked at: " + e.getMessage(), "set .host to another path");
        }
        try {
            if (!isHeard(path)) {
                log.info("{} was left behind by a server that has ended, and is replaced", path);
                return;
            }
        } catch (IOException e) {
            throw new Refused(path + " cannot be asked whether anybody listens: " + e.getMessage(),
                    "remove it, or set .host to another path");
        }
        throw new Refused("another server listens there",
                "stop that (ss -lxp 'src = " + path + "'), or set .host to another path");
    }

    /** The socket is bound: puts its file in its place. */
    void bound() throws IOException {
        if (isAbstract) {
            return;
        }
        Path own = Objects.requireNonNull(beside);
        try {
            Files.setPosixFilePermissions(own, permissions(mode));
            key = key(own);
            removeLeftBehind(own);
            Files.move(own, Path.of(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(own);
            throw e;
        }
    }

    /**
     * Removes what servers of the same path have left beside it that were killed between bind and rename. One that binds right now
     * looks the same from outside, since nobody listens there yet: only what is clearly older than this one's is taken.
     */
    private void removeLeftBehind(Path own) throws IOException {
        Path directory = Objects.requireNonNull(own.getParent());
        String prefix = String.valueOf(Path.of(name).getFileName());
        FileTime now = attributes(own).lastModifiedTime();
        try (DirectoryStream<Path> beside = Files.newDirectoryStream(directory,
                path -> isBeside(String.valueOf(path.getFileName()), prefix))) {
            for (Path path : beside) {
                BasicFileAttributes attributes = attributes(path);
                if (attributes.isOther() && now.toMillis() - attributes.lastModifiedTime().toMillis() > OLD_MILLIS
                        && !isHeard(path)) {
                    Files.deleteIfExists(path);
                    log.info("{} was left behind by a server that was killed while it started, and is removed", path);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            log.debug("What was left beside {} is not looked at", name, e);
        }
    }

    private static boolean isBeside(String file, String prefix) {
        if (file.length() != prefix.length() + ENDING || !file.startsWith(prefix)) {
            return false;
        }
        return file.substring(prefix.length()).chars().allMatch(c -> c >= '0' && c <= '9' || c >= 'a' && c <= 'z');
    }

    private static BasicFileAttributes attributes(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    }

    private static boolean isHeard(Path path) throws IOException {
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.configureBlocking(false);
            probe.connect(UnixDomainSocketAddress.of(path));
            return true;
        } catch (ConnectException nobody) {
            return false;
        }
    }

    private static Set<PosixFilePermission> permissions(String mode) {
        // From others' execute upwards, as the bits of the mode.
        PosixFilePermission[] all = PosixFilePermission.values();
        int bits = Integer.parseInt(mode, 8);
        Set<PosixFilePermission> set = EnumSet.noneOf(PosixFilePermission.class);
        for (int i = 0; i < all.length; i++) {
            if ((bits & 1 << i) != 0) {
                set.add(all[all.length - 1 - i]);
            }
        }
        return set;
    }

    private static @Nullable Object key(Path path) throws IOException {
        return attributes(path).fileKey();
    }

    /** The server is about to stop accepting: removes its file, unless another server has put its own there. */
    void remove() {
        Object own = key;
        key = null;
        if (own == null) {
            return;
        }
        try {
            Path path = Path.of(name);
            if (Objects.equals(own, key(path))) {
                Files.delete(path);
            }
        } catch (NoSuchFileException gone) {
            // Somebody has removed it already.
        } catch (IOException e) {
            log.warn("{} was not removed: {}", name, e.toString());
        }
    }

    /** Why a server cannot listen there. */
    static final class Refused extends IOException {
        private static final long serialVersionUID = 1;
        private final String fix;

        /** @param fix what to do; {@code .host} stands for the server's key */
        Refused(String reason, String fix) {
            super(reason);
            this.fix = fix;
        }

        String fix() {
            return fix;
        }
    }
}
