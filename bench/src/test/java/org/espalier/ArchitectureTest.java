package org.espalier;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.stream.Collectors.toCollection;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/**
 * Holds the code to the picture in DESIGN.md. It lives in bench because only bench sees all
 * modules.
 */
class ArchitectureTest {
  private static final Set<String> CORE =
      Set.of(
          "org.espalier",
          "org.espalier.tensor",
          "org.espalier.autograd",
          "org.espalier.op",
          "org.espalier.backend",
          "org.espalier.backend.cpu",
          "org.espalier.nn",
          "org.espalier.optim",
          "org.espalier.data",
          "org.espalier.check");
  private static final Set<String> SUPERNET =
      Set.of(
          "org.espalier.space",
          "org.espalier.candidate",
          "org.espalier.supernet",
          "org.espalier.strategy",
          "org.espalier.proxy",
          "org.espalier.search",
          "org.espalier.checkpoint",
          "org.espalier.report",
          "org.espalier.benchmark",
          "org.espalier.cli");
  private static final Set<String> KERNELS = Set.of("org.espalier.cuda");
  private static final Set<String> BENCH = Set.of("org.espalier.bench");

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .withImportOption(location -> !location.contains("jmh_generated"))
          .importPackages("org.espalier");

  /** Without it, the other rules might hold of nothing; and a new package must find its place. */
  @Test
  void thePackagesAreThoseOfTheDesign() {
    var expected = new TreeSet<>(CORE);
    expected.addAll(SUPERNET);
    expected.addAll(KERNELS);
    expected.addAll(BENCH);
    assertThat(packages()).isEqualTo(expected);
  }

  @Test
  void coreKnowsNeitherTheSupernetNorTheBenchmarks() {
    doNotKnow(CORE, SUPERNET);
    doNotKnow(CORE, BENCH);
  }

  @Test
  void theKernelsKnowCoreOnly() {
    doNotKnow(KERNELS, SUPERNET);
    doNotKnow(KERNELS, BENCH);
  }

  @Test
  void supernetDoesNotKnowTheBenchmarks() {
    doNotKnow(SUPERNET, BENCH);
  }

  private static void doNotKnow(Set<String> these, Set<String> those) {
    noClasses()
        .that()
        .resideInAnyPackage(array(these))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(array(those))
        .check(CLASSES);
  }

  @Test
  void theSupernetKnowsNoAlgorithm() {
    noClasses()
        .that()
        .resideInAnyPackage("org.espalier.supernet", "org.espalier.candidate", "org.espalier.space")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.espalier.strategy", "org.espalier.search")
        .check(CLASSES);
  }

  @Test
  void ejmlStaysWhereLinearAlgebraIsDone() {
    noClasses()
        .that()
        .resideOutsideOfPackages(
            "org.espalier.backend.cpu", "org.espalier.proxy", "org.espalier.predictor..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.ejml..")
        .check(CLASSES);
    assertThat(CLASSES)
        .as("the rule would see EJML where it is used")
        .anyMatch(c -> dependsOn(c, "org.ejml."));
  }

  @Test
  void onlyTheCudaBackEndKnowsCuda() {
    noClasses()
        .that()
        .resideOutsideOfPackage("org.espalier.cuda..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("jcuda..", "org.espalier.cuda..")
        .check(CLASSES);
    assertThat(CLASSES)
        .as("the rule would see JCuda where it is used")
        .anyMatch(c -> dependsOn(c, "jcuda."));
  }

  @Test
  void noStrategyInheritsFromAnother() {
    assertThat(CLASSES)
        .filteredOn(c -> c.getPackageName().equals("org.espalier.strategy"))
        .isNotEmpty()
        .allSatisfy(
            c ->
                assertThat(c.getAllRawSuperclasses())
                    .as(c.getName())
                    .noneMatch(s -> s.getPackageName().startsWith("org.espalier")));
  }

  @Test
  void packagesFormNoCycles() {
    slices().matching("org.espalier.(**)").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void everyPackageIsNullMarked() {
    assertThat(packages())
        .allSatisfy(
            name ->
                assertThat(CLASSES.getPackage(name))
                    .as("package-info.java of %s", name)
                    .matches(p -> p.isAnnotatedWith(NullMarked.class), "is @NullMarked"));
  }

  private static Set<String> packages() {
    return CLASSES.stream()
        .map(JavaClass::getPackage)
        .map(JavaPackage::getName)
        .collect(toCollection(TreeSet::new));
  }

  private static boolean dependsOn(JavaClass c, String prefix) {
    return c.getDirectDependenciesFromSelf().stream()
        .anyMatch(d -> d.getTargetClass().getPackageName().concat(".").startsWith(prefix));
  }

  private static String[] array(Set<String> packages) {
    return packages.toArray(String[]::new);
  }
}
