package io.solaster.engine.os;

import io.solaster.config.Internal;

/**
 * Whether the kernel gives pages of 2 MiB to whoever asks by madvise.
 *
 * @param available whether it does
 * @param reason what it says, and where: a sentence without its end
 */
@Internal
public record HugePages(boolean available, String reason) {
    private static final String DIRECTORY = "/sys/kernel/mm/transparent_hugepage/";
    private static final long BYTES = 2 << 20;

    /** Of this machine. */
    public static HugePages probe() {
        return probe(KernelFiles.LIVE);
    }

    static HugePages probe(KernelFiles files) {
        String modes = files.text(DIRECTORY + "enabled").strip();
        if (modes.isEmpty()) {
            return new HugePages(false, "the kernel says nothing of huge pages (" + DIRECTORY + "enabled)");
        }
        long bytes = files.number(DIRECTORY + "hpage_pmd_size", BYTES);
        if (bytes != BYTES) {
            return new HugePages(false, "huge pages have " + bytes + " bytes here, and not " + BYTES);
        }
        String said = "the kernel says '" + modes + "' (" + DIRECTORY + "enabled)";
        return new HugePages(!modes.contains("[never]"), said);
    }
}
