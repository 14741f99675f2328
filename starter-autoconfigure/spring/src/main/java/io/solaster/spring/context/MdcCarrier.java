package io.solaster.spring.context;

import java.util.Map;
import java.util.concurrent.Callable;

import io.solaster.engine.ContextCarrier;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/** Takes SLF4J's diagnostic context along. Any thread. */
public final class MdcCarrier implements ContextCarrier {

    @Override
    public <T extends @Nullable Object> Callable<T> carry(Callable<T> work) {
        Map<String, String> context = MDC.getCopyOfContextMap();
        return context == null || context.isEmpty() ? work : () -> {
            Map<String, String> before = MDC.getCopyOfContextMap();
            MDC.setContextMap(context);
            try {
                return work.call();
            } finally {
                if (before == null || before.isEmpty()) {
                    MDC.clear();
                } else {
                    MDC.setContextMap(before);
                }
            }
        };
    }
}
