package io.solaster.config.value;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import jakarta.validation.Constraint;
import jakarta.validation.OverridesAttribute;
import jakarta.validation.Payload;
import jakarta.validation.ReportAsSingleViolation;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;

/**
 * The numbers that a configuration value may be. Declared once for two readers: {@link io.solaster.config.check.ConfigValidator}, which needs
 * this annotation alone, and any Jakarta validator, for which it is made of {@code @Min} and {@code @Max}. Jakarta's own
 * two would be invisible where Jakarta is not on the class path, and with them every check.
 */
@Documented
@Target({ElementType.FIELD, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Constraint(validatedBy = {})
@Min(Long.MIN_VALUE)
@Max(Long.MAX_VALUE)
@ReportAsSingleViolation
public @interface Range {

    /** The least number allowed. */
    @OverridesAttribute(constraint = Min.class, name = "value")
    long min();

    /** The greatest number allowed. */
    @OverridesAttribute(constraint = Max.class, name = "value")
    long max() default Long.MAX_VALUE;

    /** What a Jakarta validator says of any other number. */
    String message() default "must be from {min} to {max}";

    /** Jakarta's groups; unused here. */
    Class<?>[] groups() default {};

    /** Jakarta's payload; unused here. */
    Class<? extends Payload>[] payload() default {};
}
