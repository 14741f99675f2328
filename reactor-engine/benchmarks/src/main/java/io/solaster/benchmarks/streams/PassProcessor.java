package io.solaster.benchmarks.streams;

import io.solaster.streams.plugin.MessageView;
import io.solaster.streams.plugin.Processor;
import io.solaster.streams.plugin.Verdict;

/** Looks at the first byte. It is loaded from a jar that the benchmark makes. */
public final class PassProcessor implements Processor {

    @Override
    public Verdict process(MessageView view) {
        return view.length() > 0 && view.byteAt(0) == '#' ? Verdict.DROP : Verdict.CONTINUE;
    }
}
