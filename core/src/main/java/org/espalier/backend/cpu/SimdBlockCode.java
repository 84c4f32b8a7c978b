package org.espalier.backend.cpu;

import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;
import static java.lang.constant.ConstantDescs.INIT_NAME;
import static java.lang.constant.ConstantDescs.MTD_void;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.Vector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Writes the code of a {@link SimdBlock}: the accumulators must be local variables that meet no
 * call, which Java source would have to write out for each number of rows and vectors.
 */
final class SimdBlockCode {
  private static final int LANES = SimdBlock.LANES;
  private static final ClassDesc FLOATS = CD_float.arrayType();
  private static final ClassDesc INTS = CD_int.arrayType();
  private static final ClassDesc FLOAT_VECTOR = describe(FloatVector.class);
  private static final ClassDesc VECTOR = describe(Vector.class);
  private static final ClassDesc SPECIES = describe(VectorSpecies.class);
  private static final MethodTypeDesc RUN =
      MethodTypeDesc.of(
          CD_void, INTS, INTS, FLOATS, CD_int, FLOATS, CD_int, FLOATS, CD_int, CD_int, CD_int,
          CD_int, CD_int);

  // Parameters of run, in their slots.
  private static final int BLOCKS = 1;
  private static final int RUNS = 2;
  private static final int A = 3;
  private static final int START_A = 4;
  private static final int B = 5;
  private static final int START_B = 6;
  private static final int C = 7;
  private static final int START_C = 8;
  private static final int ROW_C = 9;
  private static final int ROW_A = 10;
  private static final int STEP_A = 11;
  private static final int STEP_B = 12;

  private final CodeBuilder code;
  private final SimdBlock.Form form;
  private final int[] sums;

  private SimdBlockCode(CodeBuilder code, SimdBlock.Form form) {
    this.code = code;
    this.form = form;
    sums = new int[form.rows() * form.vectors()];
    for (int i = 0; i < sums.length; i++) {
      sums[i] = code.allocateLocal(TypeKind.REFERENCE);
    }
  }

  /** The code of a form, as yet uncompiled. */
  static SimdBlock.Code of(SimdBlock.Form form) {
    ClassDesc name = ClassDesc.of(SimdBlock.class.getPackageName(), "SimdBlockKernel");
    byte[] bytes =
        ClassFile.of()
            .build(
                name,
                type ->
                    type.withInterfaceSymbols(describe(SimdBlock.Code.class))
                        .withMethodBody(
                            INIT_NAME,
                            MTD_void,
                            ClassFile.ACC_PUBLIC,
                            body ->
                                body.aload(0)
                                    .invokespecial(ConstantDescs.CD_Object, INIT_NAME, MTD_void)
                                    .return_())
                        .withMethodBody(
                            "run",
                            RUN,
                            ClassFile.ACC_PUBLIC,
                            body -> new SimdBlockCode(body, form).blocks()));
    try {
      return (SimdBlock.Code)
          MethodHandles.lookup()
              .defineHiddenClass(bytes, true)
              .lookupClass()
              .getConstructor()
              .newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("no kernel could be made for " + form, e);
    }
  }

  private static ClassDesc describe(Class<?> type) {
    return type.describeConstable().orElseThrow();
  }

  private void blocks() {
    int block = integer();
    int a0 = integer();
    int c0 = integer();
    loop(
        block,
        2,
        () -> code.aload(BLOCKS).arraylength(),
        () -> {
          code.aload(BLOCKS).iload(block).iaload().iload(START_A).iadd().istore(a0);
          code.aload(BLOCKS).iload(block).loadConstant(1).iadd().iaload();
          code.iload(START_C).iadd().istore(c0);
          begin(c0);
          if (form.flat()) {
            flat(a0);
          } else {
            runs(a0);
          }
          store(c0);
        });
    code.return_();
  }

  /** Sums begin with what is in c, or with zero. */
  private void begin(int c0) {
    if (!form.sum()) {
      species().invokestatic(FLOAT_VECTOR, "zero", MethodTypeDesc.of(FLOAT_VECTOR, SPECIES));
      for (int sum : sums) {
        code.dup().astore(sum);
      }
      code.pop();
      return;
    }
    for (int r = 0; r < form.rows(); r++) {
      for (int v = 0; v < form.vectors(); v++) {
        species().aload(C);
        placeInC(c0, r, v);
        fromArray().astore(sums[r * form.vectors() + v]);
      }
    }
  }

  private void store(int c0) {
    for (int r = 0; r < form.rows(); r++) {
      for (int v = 0; v < form.vectors(); v++) {
        code.aload(sums[r * form.vectors() + v]).aload(C);
        placeInC(c0, r, v);
        code.invokevirtual(FLOAT_VECTOR, "intoArray", MethodTypeDesc.of(CD_void, FLOATS, CD_int));
      }
    }
  }

  private void placeInC(int c0, int r, int v) {
    code.iload(c0).iload(ROW_C).loadConstant(r).imul().iadd().loadConstant(v * LANES).iadd();
  }

  private void flat(int a0) {
    int i = integer();
    int at = integer();
    loop(
        i,
        1,
        () -> code.aload(RUNS).arraylength(),
        () -> {
          code.iload(a0).aload(RUNS).iload(i).iaload().iadd().istore(at);
          products(at, () -> code.iload(START_B), i);
        });
  }

  private void runs(int a0) {
    int run = integer();
    int a1 = integer();
    int b1 = integer();
    int count = integer();
    int i = integer();
    int at = integer();
    loop(
        run,
        3,
        () -> code.aload(RUNS).arraylength(),
        () -> {
          code.aload(RUNS).iload(run).iaload().iload(a0).iadd().istore(a1);
          code.aload(RUNS).iload(run).loadConstant(1).iadd().iaload();
          code.iload(START_B).iadd().istore(b1);
          code.aload(RUNS).iload(run).loadConstant(2).iadd().iaload().istore(count);
          loop(
              i,
              1,
              () -> code.iload(count),
              () -> {
                code.iload(a1).iload(i);
                if (form.sum()) {
                  code.iload(STEP_A).imul();
                }
                code.iadd().istore(at);
                products(at, () -> code.iload(b1), i);
              });
        });
  }

  /** One product for each row and vector, of a from {@code atA} on and step i of b. */
  private void products(int atA, Runnable startOfB, int i) {
    int[] b = new int[form.vectors()];
    for (int v = 0; v < b.length; v++) {
      b[v] = code.allocateLocal(TypeKind.REFERENCE);
      species().aload(B);
      startOfB.run();
      code.iload(i);
      if (form.sum()) {
        code.iload(STEP_B);
      } else {
        code.loadConstant(form.vectors() * LANES);
      }
      code.imul().iadd().loadConstant(v * LANES).iadd();
      fromArray().astore(b[v]);
    }
    int x = code.allocateLocal(TypeKind.REFERENCE);
    for (int r = 0; r < form.rows(); r++) {
      species().aload(A).iload(atA);
      if (form.sum() || form.rowA() > 0) {
        code.loadConstant(form.sum() ? r : r * form.rowA());
      } else {
        code.iload(ROW_A).loadConstant(r).imul();
      }
      code.iadd().faload();
      code.invokestatic(
              FLOAT_VECTOR, "broadcast", MethodTypeDesc.of(FLOAT_VECTOR, SPECIES, CD_float))
          .astore(x);
      for (int v = 0; v < b.length; v++) {
        int sum = sums[r * b.length + v];
        code.aload(x)
            .aload(b[v])
            .aload(sum)
            .invokevirtual(FLOAT_VECTOR, "fma", MethodTypeDesc.of(FLOAT_VECTOR, VECTOR, VECTOR))
            .astore(sum);
      }
    }
  }

  private int integer() {
    return code.allocateLocal(TypeKind.INT);
  }

  private CodeBuilder species() {
    return code.getstatic(FLOAT_VECTOR, "SPECIES_PREFERRED", SPECIES);
  }

  private CodeBuilder fromArray() {
    return code.invokestatic(
        FLOAT_VECTOR, "fromArray", MethodTypeDesc.of(FLOAT_VECTOR, SPECIES, FLOATS, CD_int));
  }

  /** for (index = 0; index < end; index += step) body. */
  private void loop(int index, int step, Runnable end, Runnable body) {
    Label head = code.newLabel();
    Label done = code.newLabel();
    code.loadConstant(0).istore(index).labelBinding(head).iload(index);
    end.run();
    code.if_icmpge(done);
    body.run();
    code.iinc(index, step).goto_(head).labelBinding(done);
  }
}
