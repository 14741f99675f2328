/**
 * What the kubelet of Kubernetes 1.36 does with a pod that wants CPUs of its own, in pure code. The planner and the
 * inventory ask it: any thread.
 */
@NullMarked
package io.solaster.operator.kubelet;

import org.jspecify.annotations.NullMarked;
