package org.espalier.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.espalier.search.Environment;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code espalier bench step}: ours beside PyTorch's, in one run. */
@Command(
    name = "step",
    header = "Time one training step of three supernets, ours beside PyTorch's.",
    description = {
      "Forward, cross-entropy, backward with alpha's gradient, clip, SGD: ours, ours on sampled"
          + " paths (gdas, random), ours without vectors (ejml), and PyTorch's eager, channels_last"
          + " and compiled where a Python with torch is found.",
      ""
    })
final class StepCommand implements Callable<Integer> {
  /** The portable back end needs no more to show where it stands, and takes its time. */
  private static final int EJML_STEPS = 3;

  /** A sampled step is short, and its paths differ in length: it takes more for a fair mean. */
  private static final int SAMPLED_FACTOR = 4;

  private static final List<String> SAMPLED = List.of("gdas", "random");

  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Mixin private final StepOptions options = new StepOptions();

  @Option(
      names = "--python",
      paramLabel = "EXE",
      description =
          "A Python with torch (default: python3 or python of the PATH, if it can import torch).")
  private @Nullable String python;

  @Option(names = "--quick", description = "Leave out ejml and torch.compile, which take minutes.")
  private boolean quick;

  @Override
  public Integer call() throws InterruptedException {
    List<Net> nets = options.nets();
    int threads = options.threads();
    console().progress("looking for a Python with torch");
    Optional<Torch> torch = Torch.find(Optional.ofNullable(python));
    console()
        .print(
            "%s, %d threads, Java %s, %s",
            Environment.processor(), threads, Runtime.version().feature(), peer(torch));
    console()
        .print("One training step: memory; median (least to most) of %d steps.", options.steps());
    boolean complete = true;
    for (Net net : nets) {
      console().print("");
      console().print("%s", net);
      Timing full = ours(net);
      if (torch.isPresent()) {
        complete &= theirs(net, torch.get(), full);
      }
    }
    return complete ? 0 : 1;
  }

  private static String peer(Optional<Torch> torch) {
    return torch
        .map(found -> "PyTorch " + found.version() + " of " + found.python())
        .orElse(
            "no Python with torch (neither "
                + String.join(" nor ", Torch.USUAL)
                + "; --python names one)");
  }

  /** Returns the step that the others are compared with. */
  private Timing ours(Net net) {
    int steps = options.steps();
    int warmup = Math.max(10, steps);
    SupernetStep.Cost full = measure(net, "darts", "simd", warmup, steps);
    row("espalier simd", full, beside(full.timing(), full.timing()));
    for (String strategy : SAMPLED) {
      SupernetStep.Cost path = measure(net, strategy, "simd", warmup, SAMPLED_FACTOR * steps);
      row("espalier simd, " + strategy, path, share(path.mean(), full.mean()));
    }
    if (!quick) {
      SupernetStep.Cost ejml = measure(net, "darts", "ejml", 1, Math.min(EJML_STEPS, steps));
      row("espalier ejml, 1 thread", ejml, beside(ejml.timing(), full.timing()));
    }
    return full.timing();
  }

  private void row(String who, SupernetStep.Cost cost, String note) {
    console().print("%s", line(who, memory(cost.heap()), cost.timing(), note));
  }

  private SupernetStep.Cost measure(
      Net net, String strategy, String device, int warmup, int steps) {
    console()
        .progress(
            "espalier %s, %s, on %s: %d steps and at least %d to warm up",
            device, strategy, net, steps, warmup);
    return SupernetStep.measure(net, strategy, device, options.threads(), warmup, steps);
  }

  /** Returns whether all could be measured. */
  private boolean theirs(Net net, Torch torch, Timing full) throws InterruptedException {
    List<String> modes = new ArrayList<>(List.of("eager", "channels_last"));
    if (!quick) {
      modes.add("compile");
    }
    boolean complete = true;
    for (String mode : modes) {
      boolean compiled = mode.equals("compile");
      console()
          .progress("torch %s on %s%s", mode, net, compiled ? ": compiling takes minutes" : "");
      try {
        Torch.Cost cost = torch.step(net, mode, "cpu", options.threads(), options.steps());
        String note = beside(cost.timing(), full);
        if (compiled) {
          note += String.format(Locale.ROOT, "; compiling took %.0f s", cost.compiling());
        }
        console().print("%s", line("torch " + mode, resident(cost), cost.timing(), note));
      } catch (IOException e) {
        console().print("  torch %s: %s", mode, String.valueOf(e.getMessage()));
        complete = false;
      }
    }
    return complete;
  }

  static String line(String who, String memory, Timing timing, String note) {
    return String.format(
        Locale.ROOT,
        "  %-23s  %-32s %8.4f s  (%.4f to %.4f)  %s",
        who,
        memory + " MiB",
        timing.median(),
        timing.least(),
        timing.most(),
        note);
  }

  static String memory(Heap heap) {
    return "heap %5d live, %5d peak".formatted(mebibytes(heap.live()), mebibytes(heap.peak()));
  }

  private static String resident(Torch.Cost cost) {
    return "resident %5d".formatted(mebibytes(cost.resident()));
  }

  private static long mebibytes(long bytes) {
    return (bytes + (1 << 19)) >> 20;
  }

  static String beside(Timing timing, Timing full) {
    return String.format(Locale.ROOT, "%5.2f x simd", timing.median() / full.median());
  }

  /** By the means, as a search pays for the long paths and for the short ones. */
  static String share(double sampled, double full) {
    return String.format(
        Locale.ROOT, "mean %.4f s, %.0f %% of the full one's", sampled, 100 * sampled / full);
  }

  private Console console() {
    return Console.of(spec);
  }
}
