package io.solaster.load.command;

import java.io.Console;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;

import io.solaster.load.Figures;
import io.solaster.load.LoadInterval;

/** One line that changes, for whoever looks on; nothing where the output is no terminal. */
final class LiveLine implements Consumer<LoadInterval> {
    private final PrintWriter err;
    private final boolean isTerminal;
    private int longest;

    LiveLine(PrintWriter err) {
        this.err = err;
        this.isTerminal = Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
    }

    @Override
    public void accept(LoadInterval each) {
        if (isTerminal) {
            show(text(each));
        }
    }

    static String text(LoadInterval each) {
        return String.format(Locale.ROOT, "%6.1f s  %,9.0f/s  p50 %s  p99 %s  max %s  failed %,d  late %s",
                each.at() + each.seconds(), each.perSecond(), Figures.nanos(each.p50()), Figures.nanos(each.p99()),
                Figures.nanos(each.max()), each.failed(), Figures.nanos(each.lateness99()));
    }

    private void show(String text) {
        longest = Math.max(longest, text.length());
        err.print("\r" + text + " ".repeat(longest - text.length()));
        err.flush();
    }

    void clear() {
        if (isTerminal && longest > 0) {
            err.print("\r" + " ".repeat(longest) + "\r");
            err.flush();
        }
    }
}
