package io.solaster.boot.log;

import io.solaster.config.check.ConfigBinder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.EnvironmentAware;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotationMetadata;

/** A bean for each log, by the log's name and {@code Log}: {@code ordersLog}. A name that is taken stays with whoever has it. */
final class LogBeans implements ImportBeanDefinitionRegistrar, EnvironmentAware {
    private static final Logger log = LoggerFactory.getLogger(LogBeans.class);

    /** Of the bean that opens them. */
    static final String OPENER = "solasterLogs";
    private static final String SUFFIX = "Log";

    private Environment environment;

    @SuppressWarnings("NullAway.Init") // Spring sets it before it calls
    LogBeans() {}

    @Override
    public void setEnvironment(Environment environment) {
        this.environment = environment;
    }

    @Override
    public void registerBeanDefinitions(AnnotationMetadata importing, BeanDefinitionRegistry registry) {
        // What is wrong in it is told when it is read to be used.
        for (String name : ConfigBinder.read(Binder.get(environment)).config().logs().keySet()) {
            String bean = name + SUFFIX;
            if (registry.containsBeanDefinition(bean) || registry.isAlias(bean)) {
                log.info("Log '{}' is not opened, since the application has a bean '{}' of its own", name, bean);
                continue;
            }
            RootBeanDefinition definition = new RootBeanDefinition();
            definition.setFactoryBeanName(OPENER);
            definition.setFactoryMethodName("open");
            definition.getConstructorArgumentValues().addIndexedArgumentValue(0, name);
            definition.setDestroyMethodName("close");
            registry.registerBeanDefinition(bean, definition);
        }
    }
}
