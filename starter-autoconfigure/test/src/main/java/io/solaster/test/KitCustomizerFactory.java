package io.solaster.test;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.test.context.ContextConfigurationAttributes;
import org.springframework.test.context.ContextCustomizer;
import org.springframework.test.context.ContextCustomizerFactory;
import org.springframework.test.context.MergedContextConfiguration;
import org.springframework.test.context.TestContextAnnotationUtils;

/** Sets what tests need otherwise than applications, and watches the engine. By Spring's factories. */
final class KitCustomizerFactory implements ContextCustomizerFactory {
    private static final String INLINED = "Inlined Test Properties";

    @Override
    public @Nullable ContextCustomizer createContextCustomizer(Class<?> testClass,
            List<ContextConfigurationAttributes> attributes) {
        SolasterBootTest asked = TestContextAnnotationUtils.findMergedAnnotation(testClass, SolasterBootTest.class);
        return asked == null ? null : new Customizer(asked.shards());
    }

    /** A record, so that Spring can tell whether two contexts are the same. */
    private record Customizer(int shards) implements ContextCustomizer {

        @Override
        public void customizeContext(ConfigurableApplicationContext context, MergedContextConfiguration merged) {
            Map<String, Object> ours = new HashMap<>(Map.of("solaster.engine.shards", shards,
                    "solaster.engine.pinning", "never", "solaster.engine.checks", "full",
                    "solaster.engine.stalls.enabled", false, "solaster.engine.shutdown-timeout", "1s"));
            Map<String, Object> servers = Binder.get(context.getEnvironment())
                    .bind("solaster.servers", Bindable.mapOf(String.class, Object.class)).orElse(Map.of());
            servers.keySet().forEach(server -> ours.put("solaster.servers." + server + ".port", 0));
            if (context.getEnvironment().containsProperty("management.server.port")) {
                ours.put("management.server.port", 0);
            }
            MapPropertySource source = new MapPropertySource("solaster-test", ours);
            MutablePropertySources sources = context.getEnvironment().getPropertySources();
            if (sources.contains(INLINED)) {
                sources.addAfter(INLINED, source);
            } else {
                sources.addFirst(source);
            }
            context.getBeanFactory().registerSingleton(EngineWatch.class.getName(), new EngineWatch());
        }
    }
}
