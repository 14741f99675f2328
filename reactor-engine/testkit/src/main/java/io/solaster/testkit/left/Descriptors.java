package io.solaster.testkit.left;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

import org.slf4j.LoggerFactory;

/** What the kernel says of this process's open files and sockets; nothing where there is no {@code /proc}. Any thread. */
final class Descriptors {
    private static final Path OPEN = Path.of("/proc/self/fd");
    private static final String SOCKET = "socket:[";
    private static final String[] TCP_STATES = {"?", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",
            "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING"};
    /** What the JVM opens by itself when it first needs a class, a library or chance, and keeps. */
    private static final List<String> OF_JVM = List.of(System.getProperty("java.home"), "/dev/random", "/dev/urandom",
            "/dev/null", "/proc/", "/sys/", "/usr/lib/");
    private static final List<String> OF_CLASS_LOADING = List.of(".jar", ".so", ".jsa", ".jfr", ".class", ".jmod");

    /** What the JVM listens on for tools from when the first has come: jcmd, or an agent that attaches, as Mockito's does. */
    private static final Pattern OF_TOOLS = Pattern
            .compile("UNIX .*/\\.java_pid" + ProcessHandle.current().pid() + "(\\.tmp)?");

    private Descriptors() {}

    /** What is open now: what each descriptor leads to. */
    static Map<String, String> open() {
        Map<String, String> open = new LinkedHashMap<>();
        String[] names = OPEN.toFile().list();
        if (names == null) {
            return open;
        }
        for (String name : names) {
            try {
                open.put(name, Files.readSymbolicLink(OPEN.resolve(name)).toString());
            } catch (IOException closed) {
                // It was the one that listed the others, or somebody else has closed it.
            }
        }
        return open;
    }

    /** Sockets that are open and were not before. */
    static List<Remnant> newSockets(Map<String, String> before) {
        Set<String> known = new HashSet<>(before.values());
        List<Remnant> left = new ArrayList<>();
        Map<String, String> ends = null;
        for (Map.Entry<String, String> each : open().entrySet()) {
            String target = each.getValue();
            if (target.startsWith(SOCKET) && !known.contains(target)) {
                ends = ends == null ? endsByInode() : ends;
                String inode = target.substring(SOCKET.length(), target.length() - 1);
                String end = ends.getOrDefault(inode, "that is neither bound nor connected");
                if (!OF_TOOLS.matcher(end).matches()) {
                    left.add(new Remnant(Left.SOCKETS, end + ", descriptor " + each.getKey(), List.of()));
                }
            }
        }
        return left;
    }

    /** Files and other descriptors that are open and were not before. Such as have no name are counted by their kind. */
    static List<Remnant> newFiles(Map<String, String> before) {
        Map<String, Integer> nameless = new HashMap<>();
        before.values().stream().filter(Descriptors::isNameless)
                .forEach(each -> nameless.merge(kind(each), 1, Integer::sum));
        Map<String, String> now = open();
        List<Map.Entry<String, String>> candidates = new ArrayList<>();
        for (Map.Entry<String, String> each : now.entrySet()) {
            String target = each.getValue();
            if (isNameless(target)) {
                nameless.merge(kind(target), -1, Integer::sum);
            }
            if (!target.startsWith(SOCKET) && !isOfJvm(target) && !target.equals(before.get(each.getKey()))) {
                candidates.add(each);
            }
        }
        List<Remnant> left = new ArrayList<>();
        for (Map.Entry<String, String> each : candidates) {
            String target = each.getValue();
            if (isNameless(target) && nameless.merge(kind(target), 1, Integer::sum) > 0) {
                continue;
            }
            left.add(new Remnant(Left.DESCRIPTORS, each.getKey() + " of " + target, List.of()));
        }
        return left;
    }

    private static boolean isNameless(String target) {
        return !target.startsWith("/") && !target.startsWith(SOCKET);
    }

    /** {@code pipe:[1234]} is a pipe; {@code anon_inode:[eventpoll]} is one of epoll. */
    private static String kind(String target) {
        return target.startsWith("pipe:") ? "pipe" : target;
    }

    private static boolean isOfJvm(String target) {
        return OF_JVM.stream().anyMatch(target::startsWith) || OF_CLASS_LOADING.stream().anyMatch(target::endsWith);
    }

    private static Map<String, String> endsByInode() {
        Map<String, String> ends = new HashMap<>();
        for (String table : List.of("tcp", "tcp6", "udp", "udp6")) {
            for (String[] line : table(table)) {
                if (line.length > 9) {
                    ends.put(line[9], table.substring(0, 3).toUpperCase(Locale.ROOT) + " " + ends(table, line));
                }
            }
        }
        for (String[] line : table("unix")) {
            if (line.length > 6) {
                ends.put(line[6], "UNIX " + (line.length > 7 ? line[7] : "without a name"));
            }
        }
        return ends;
    }

    private static String ends(String table, String[] line) {
        String local = address(line[1]);
        String remote = address(line[2]);
        int state = Integer.parseInt(line[3], 16);
        if (table.startsWith("udp")) {
            return "on " + local + (remote.endsWith(":0") ? "" : " to " + remote);
        }
        String named = state < TCP_STATES.length ? TCP_STATES[state] : "state " + state;
        return named.equals("LISTEN") ? "listening on " + local : local + " to " + remote + ", " + named;
    }

    /** {@code 0100007F:1F90} is 127.0.0.1:8080: words of four bytes, each in the order of this machine. */
    private static String address(String hex) {
        int colon = hex.indexOf(':');
        int port = Integer.parseInt(hex.substring(colon + 1), 16);
        StringBuilder host = new StringBuilder();
        boolean mapped = colon == 32 && hex.startsWith("0000000000000000FFFF0000");
        String words = mapped ? hex.substring(24, 32) : hex.substring(0, colon);
        if (words.length() == 8) {
            for (int i = 6; i >= 0; i -= 2) {
                host.append(Integer.parseInt(words.substring(i, i + 2), 16)).append(i > 0 ? "." : "");
            }
        } else if (words.chars().allMatch(digit -> digit == '0')) {
            host.append("[::]");
        } else {
            host.append(words.endsWith("01000000") && words.startsWith("0".repeat(24)) ? "[::1]" : "[" + words + "]");
        }
        return host.append(':').append(port).toString();
    }

    private static List<String[]> table(String name) {
        try {
            return Files.readAllLines(Path.of("/proc/self/net", name), StandardCharsets.ISO_8859_1).stream().skip(1)
                    .map(line -> line.strip().split("\\s+")).toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    /** Makes the JVM open what it opens once and keeps, so that no test seems to have left it. */
    static void settleJvm() {
        for (String name : new String[]{"sun.nio.ch.Poller", "sun.nio.ch.NioSocketImpl",
                "sun.nio.ch.FileChannelImpl"}) {
            try {
                Class.forName(name, true, null);
            } catch (ClassNotFoundException | LinkageError absent) {
                // Another JDK keeps other things.
            }
        }
        // Where it logs to files, it opens them at the first line.
        LoggerFactory.getLogger(Descriptors.class).debug("Looks for what tests leave behind");
        try (ServerSocketChannel channel = ServerSocketChannel.open();
                SocketChannel client = SocketChannel.open();
                Selector selector = Selector.open();
                ServerSocket server = new ServerSocket();
                DatagramSocket datagrams = new DatagramSocket(null)) {
            channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            client.connect(channel.getLocalAddress());
            selector.selectNow();
            server.bind(null);
            datagrams.getReuseAddress();
            new SecureRandom().nextInt();
        } catch (IOException e) {
            // Tests will tell better of a machine without sockets.
        }
    }
}
