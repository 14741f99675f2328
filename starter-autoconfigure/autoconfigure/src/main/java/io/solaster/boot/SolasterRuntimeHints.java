package io.solaster.boot;

import io.solaster.config.SolasterConfig;
import io.solaster.config.check.ConfigTree;
import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;

/**
 * What Spring's ahead-of-time processing cannot see: the records below {@code solaster.*} are bound in a bean method,
 * through their constructors and the {@code valueOf} of the values in them. Everything reached from
 * {@link SolasterConfig} is named, so that a new record needs no line here.
 */
final class SolasterRuntimeHints implements RuntimeHintsRegistrar {

    @Override
    public void registerHints(RuntimeHints hints, @Nullable ClassLoader classLoader) {
        String root = SolasterConfig.class.getPackageName() + ".";
        for (Class<?> type : ConfigTree.types()) {
            // Parts of the records live in rooms below the root's.
            if ((type.getPackageName() + ".").startsWith(root)) {
                hints.reflection().registerType(type, MemberCategory.INVOKE_DECLARED_CONSTRUCTORS,
                        MemberCategory.INVOKE_PUBLIC_METHODS);
            }
        }
    }
}
