package io.solaster.spring.shard;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import io.solaster.engine.Shard;
import io.solaster.spring.ShardScope;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanCreationNotAllowedException;
import org.springframework.beans.factory.ObjectFactory;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;

/** The shard-scoped beans of one shard. On that shard. */
final class ShardInstances implements AutoCloseable {
    private final ConfigurableListableBeanFactory beanFactory;
    private final Shard shard;
    /** In the order in which they were made. */
    private final Map<String, Object> instances = new LinkedHashMap<>();
    private final Map<String, Runnable> callbacks = new HashMap<>();
    /** They stay among the instances until all are, for those that call them as they end. */
    private final Set<String> destroyed = new HashSet<>();
    private boolean closed;

    ShardInstances(ConfigurableListableBeanFactory beanFactory, Shard shard) {
        this.beanFactory = beanFactory;
        this.shard = shard;
    }

    /** Any thread. */
    Shard shard() {
        return shard;
    }

    ShardInstances makeAll() {
        try {
            for (String name : beanFactory.getBeanDefinitionNames()) {
                BeanDefinition definition = beanFactory.getMergedBeanDefinition(name);
                if (ShardScope.NAME.equals(definition.getScope()) && !definition.isAbstract()
                        && !definition.isLazyInit()) {
                    beanFactory.getBean(name);
                }
            }
            return this;
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    @Nullable
    Object find(String name) {
        return instances.get(name);
    }

    Object get(String name, ObjectFactory<?> factory) {
        Object instance = instances.get(name);
        if (instance != null) {
            return instance;
        }
        if (closed) {
            throw new BeanCreationNotAllowedException(ShardBeans.originalName(name), "the one of shard " + shard.id()
                    + " was called after it was destroyed; the application is stopping");
        }
        Object made = factory.getObject();
        // Straight-line code may have made one too while this one waited; of two, the first is the one.
        Object first = instances.putIfAbsent(name, made);
        return first != null ? first : made;
    }

    void onDestroy(String name, Runnable callback) {
        // Of the two that straight-line code may make, each has its end.
        callbacks.merge(name, callback, (first, second) -> () -> {
            first.run();
            second.run();
        });
    }

    @Nullable
    Object remove(String name) {
        callbacks.remove(name);
        return instances.remove(name);
    }

    /** Destroys each bean after those that it was injected into, else the latest first. Does nothing again. */
    @Override
    public void close() {
        closed = true;
        for (String name : new ArrayList<>(instances.keySet()).reversed()) {
            destroy(name);
        }
        instances.clear();
    }

    private void destroy(String name) {
        if (!instances.containsKey(name) || !destroyed.add(name)) {
            return;
        }
        String original = ShardBeans.originalName(name);
        for (String used : List.of(name, original, ShardedBeans.nameFor(original))) {
            for (String user : beanFactory.getDependentBeans(used)) {
                destroy(user);
            }
        }
        Runnable callback = callbacks.remove(name);
        if (callback != null) {
            callback.run();
        }
    }
}
