package io.solaster.testkit.left;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;
import org.jspecify.annotations.Nullable;

/**
 * Which lines opened sockets and files and started threads: by the JVM's flight recorder, which is asked only once
 * something is left. Of threads it knows which line started which; of the others which lines opened some in the time of
 * the test. {@code -Dsolaster.testkit.origins=false} does without. Any thread.
 */
final class Openings {
    private static final String OPENS_SOCKETS = "sun.nio.ch.Net::socket;sun.nio.ch.Net::serverSocket;"
            + "sun.nio.ch.NioSocketImpl::accept;sun.nio.ch.ServerSocketChannelImpl::finishAccept;"
            + "io.netty.channel.unix.Socket::newSocketStream0;io.netty.channel.unix.Socket::newSocketDgram0;"
            + "io.netty.channel.epoll.LinuxSocket::newSocketStream;io.netty.channel.epoll.LinuxSocket::newSocketDgram";
    private static final String OPENS_FILES = "java.io.FileInputStream::open;java.io.FileOutputStream::open;"
            + "java.io.RandomAccessFile::open;sun.nio.fs.UnixChannelFactory::open;sun.nio.ch.EPollSelectorImpl::<init>;"
            + "sun.nio.ch.PipeImpl::<init>;java.lang.ProcessImpl::<init>";
    private static final List<String> FILE_CLASSES = List.of("java.io.", "sun.nio.fs.", "sun.nio.ch.EPollSelectorImpl",
            "sun.nio.ch.PipeImpl", "java.lang.ProcessImpl");
    /** What the JVM opens to load classes, and this kit to look. */
    private static final List<String> BESIDE = List.of("jdk.internal.loader.", "java.util.zip.ZipFile",
            "io.solaster.testkit.left.Openings", "io.solaster.testkit.left.Descriptors");
    /** Lines that may have opened what is left. */
    private static final int NAMED = 5;

    private static final @Nullable Recording RECORDING = Boolean
            .parseBoolean(System.getProperty("solaster.testkit.origins", "true")) ? start() : null;

    private Openings() {}

    private static @Nullable Recording start() {
        try {
            Recording recording = new Recording();
            recording.setName("What tests open");
            // In memory, so that a run that is killed leaves no file.
            recording.setToDisk(false);
            recording.enable("jdk.ThreadStart").withStackTrace();
            recording.enable("jdk.MethodTrace").withStackTrace().with("filter", OPENS_SOCKETS + ";" + OPENS_FILES);
            recording.start();
            return recording;
        } catch (RuntimeException | LinkageError e) {
            // A JVM without the recorder tells of no lines.
            return null;
        }
    }

    /** From now on. */
    static Mark begin() {
        return new Mark(Instant.now());
    }

    /** Since a moment. */
    record Mark(Instant begin) {

        /** The same remnants, with the lines that made them where they can be known. */
        List<Remnant> explain(List<Remnant> left) {
            Recording recording = RECORDING;
            if (recording == null || left.stream().allMatch(each -> !each.madeAt().isEmpty())) {
                return left;
            }
            Lines lines = read(recording);
            return left.stream().map(lines::explain).toList();
        }

        private Lines read(Recording recording) {
            Lines lines = new Lines();
            Path file = null;
            try {
                file = Files.createTempFile("openings", ".jfr");
                recording.dump(file);
                try (RecordingFile events = new RecordingFile(file)) {
                    while (events.hasMoreEvents()) {
                        RecordedEvent event = events.readEvent();
                        if (!event.getEndTime().isBefore(begin)) {
                            lines.add(event);
                        }
                    }
                }
            } catch (IOException | RuntimeException e) {
                lines.failure = e.toString();
            } finally {
                delete(file);
            }
            return lines;
        }

        private static void delete(@Nullable Path file) {
            if (file != null) {
                try {
                    Files.deleteIfExists(file);
                } catch (IOException e) {
                    file.toFile().deleteOnExit();
                }
            }
        }
    }

    private static final class Lines {
        private final Map<Long, List<StackTraceElement>> threads = new LinkedHashMap<>();
        private final Map<String, List<StackTraceElement>> sockets = new LinkedHashMap<>();
        private final Map<String, List<StackTraceElement>> files = new LinkedHashMap<>();
        private @Nullable String failure;

        void add(RecordedEvent event) {
            List<StackTraceElement> stack = stack(event);
            if (event.getEventType().getName().equals("jdk.ThreadStart")) {
                threads.put(event.getThread("thread").getJavaThreadId(), stack);
                return;
            }
            if (stack.stream().anyMatch(frame -> BESIDE.stream().anyMatch(frame.getClassName()::startsWith))) {
                return;
            }
            Remnant unnamed = new Remnant(Left.SOCKETS, "", stack);
            unnamed.line().ifPresent(line -> {
                boolean file = !stack.isEmpty()
                        && FILE_CLASSES.stream().anyMatch(stack.getFirst().getClassName()::startsWith);
                (file ? files : sockets).put(line.toString(), stack);
            });
        }

        Remnant explain(Remnant remnant) {
            return switch (remnant.kind()) {
                case THREADS ->
                    new Remnant(Left.THREADS, remnant.name(), threads.getOrDefault(number(remnant.name()), List.of()));
                case SOCKETS -> explain(remnant, sockets);
                case DESCRIPTORS -> explain(remnant, files);
                default -> remnant;
            };
        }

        /** Of {@code 'name' #12, WAITING}. */
        private static long number(String name) {
            int from = name.lastIndexOf("' #") + 3;
            return Long.parseLong(name, from, name.indexOf(',', from), 10);
        }

        private Remnant explain(Remnant remnant, Map<String, List<StackTraceElement>> lines) {
            if (failure != null) {
                return new Remnant(remnant.kind(), remnant.name() + " (lines not known: " + failure + ")", List.of());
            }
            if (lines.size() == 1) {
                return new Remnant(remnant.kind(), remnant.name(), lines.values().iterator().next());
            }
            return lines.isEmpty()
                    ? remnant
                    : new Remnant(remnant.kind(), remnant.name() + ", made at one of "
                            + lines.keySet().stream().limit(NAMED).toList(), List.of());
        }

        private static List<StackTraceElement> stack(RecordedEvent event) {
            List<StackTraceElement> stack = new ArrayList<>();
            if (event.getStackTrace() != null) {
                for (RecordedFrame frame : event.getStackTrace().getFrames()) {
                    if (frame.isJavaFrame()) {
                        String type = frame.getMethod().getType().getName();
                        stack.add(new StackTraceElement(type, frame.getMethod().getName(), file(type),
                                frame.getLineNumber()));
                    }
                }
            }
            return stack;
        }

        private static String file(String type) {
            String simple = type.substring(type.lastIndexOf('.') + 1);
            int nested = simple.indexOf('$');
            return (nested > 0 ? simple.substring(0, nested) : simple) + ".java";
        }
    }
}
