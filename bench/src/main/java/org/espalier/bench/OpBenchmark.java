package org.espalier.bench;

import java.util.concurrent.TimeUnit;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.search.Devices;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Every {@link OpCase} forward and backward, through the tape as a step has it: its microsecond is
 * lost in the hundreds that the kernels take.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 400, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@State(Scope.Benchmark)
public class OpBenchmark {
  /** What is computed. */
  @Param public OpCase work = OpCase.CONV_3X3_C16;

  /** Which back end. */
  @Param("simd")
  public String device = "simd";

  /** 0: one a core. */
  @Param({"1", "0"})
  public int threads;

  private Backend backend;
  private Tensor[] constants;
  private Tensor[] variables;
  private Buffer dy;

  /** Draws the operands. */
  @Setup(Level.Trial)
  public void setUp() {
    backend = Devices.open(device, threads);
    int n = work.inputs().size();
    constants = new Tensor[n];
    variables = new Tensor[n];
    for (int i = 0; i < n; i++) {
      Shape shape = work.inputs().get(i);
      Buffer values = random(shape.size(), i);
      constants[i] = Tensor.constant(shape, values);
      variables[i] = Tensor.variable(shape, values, backend.allocate(shape.size()));
    }
    dy = random(work.output().size(), n);
  }

  private Buffer random(int size, int stream) {
    float[] values = new float[size];
    Rng rng = Rng.of(1).split(stream);
    for (int i = 0; i < size; i++) {
      values[i] = rng.normal(i);
    }
    Buffer buffer = backend.allocate(size);
    backend.write(values, buffer);
    return buffer;
  }

  /** Ends the back end's threads. */
  @TearDown
  public void tearDown() {
    backend.close();
  }

  /** Its result. */
  @Benchmark
  public int forward() {
    try (Tape tape = Tape.inference(backend)) {
      return tape.apply(work.op(), constants).data().size(); // what is put off until read is read
    }
  }

  /** The gradients of all its inputs, added to those of the passes before. */
  @Benchmark
  public void backward(Recorded recorded) {
    recorded.tape().backwardFrom(recorded.result(), recorded.upstream());
  }

  /** A forward pass that waits for its backward pass; its making is not timed. */
  @State(Scope.Benchmark)
  public static class Recorded {
    private Tape tape;
    private Tensor result;
    private Buffer upstream;

    /** Takes the forward pass. */
    @Setup(Level.Invocation)
    public void setUp(OpBenchmark benchmark) {
      Backend backend = benchmark.backend;
      tape = Tape.training(backend, Rng.of(1));
      result = tape.apply(benchmark.work.op(), benchmark.variables);
      upstream = backend.memory().take(result.data().size());
      backend.axpby(1, benchmark.dy, 0, upstream);
    }

    /** Gives back what the tape still holds. */
    @TearDown(Level.Invocation)
    public void tearDown() {
      tape.close();
    }

    Tape tape() {
      return tape;
    }

    Tensor result() {
      return result;
    }

    Buffer upstream() {
      return upstream;
    }
  }
}
