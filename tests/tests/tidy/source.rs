//! A Rust source, parsed: its functions, its exceptions from lints, and how much of it is tests.

use proc_macro2::LineColumn;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, FnArg, GenericArgument, Meta, PathArguments, Signature, Type};

/// What the rules ask of a source.
#[derive(Default)]
pub(crate) struct Source {
    /// Lines outside of `#[cfg(test)]` items.
    pub(crate) production_lines: usize,
    /// Names of the tests.
    pub(crate) tests: Vec<String>,
    functions: Vec<Function>,
    bare_exceptions: Vec<usize>,
    test_lines: usize,
}

/// A function, a method, or a method of a trait.
struct Function {
    name: String,
    line: usize,
    lines: usize,
    parameters: usize,
    takes_bool: bool,
}

type Findings = Vec<(usize, String)>;

impl Source {
    pub(crate) fn parse(text: &str) -> syn::Result<Self> {
        let file = syn::parse_file(text)?;
        let mut source = Self::default();
        source.visit_file(&file);
        source.production_lines = text.lines().count().saturating_sub(source.test_lines);
        Ok(source)
    }

    pub(crate) fn functions_longer_than(&self, limit: usize) -> Findings {
        self.functions_where(|function| {
            (function.lines > limit).then(|| format!("has {} lines", function.lines))
        })
    }

    pub(crate) fn functions_with_more_than(&self, limit: usize) -> Findings {
        self.functions_where(|function| {
            (function.parameters > limit)
                .then(|| format!("takes {} parameters", function.parameters))
        })
    }

    pub(crate) fn functions_taking_bool(&self) -> Findings {
        self.functions_where(|function| function.takes_bool.then(|| "takes a bool".into()))
    }

    pub(crate) fn exceptions_without_reason(&self) -> Findings {
        let what = "an exception from a lint without its reason";
        let lines = self.bare_exceptions.iter();
        lines.map(|&line| (line, what.into())).collect()
    }

    fn functions_where(&self, rule: impl Fn(&Function) -> Option<String>) -> Findings {
        let broken = self.functions.iter().filter_map(|function| {
            let what = rule(function)?;
            Some((function.line, format!("`{}` {what}", function.name)))
        });
        broken.collect()
    }

    fn add(&mut self, signature: &Signature, block: Option<&Block>) {
        let start = signature.span().start().line;
        let end = block.map_or(start, |block| block.span().end().line);
        let types = signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(typed) => Some(&*typed.ty),
            FnArg::Receiver(_) => None,
        });
        self.functions.push(Function {
            name: signature.ident.to_string(),
            line: start,
            lines: end + 1 - start,
            parameters: signature.inputs.len(),
            takes_bool: types.into_iter().any(is_bool),
        });
    }

    /// Counts the lines of an item that exists only in tests.
    fn skip_if_test(&mut self, attributes: &[Attribute], item: impl Spanned) {
        if attributes.iter().any(is_cfg_test) {
            let LineColumn { line: start, .. } = item.span().start();
            let LineColumn { line: end, .. } = item.span().end();
            self.test_lines += end + 1 - start;
        }
    }
}

impl<'ast> Visit<'ast> for Source {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        // What is inside of a test module is counted with it, once.
        let before = self.test_lines;
        visit::visit_item_mod(self, item);
        if item.attrs.iter().any(is_cfg_test) {
            self.test_lines = before;
        }
        self.skip_if_test(&item.attrs, item);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if item.attrs.iter().any(is_test) {
            self.tests.push(item.sig.ident.to_string());
        }
        self.add(&item.sig, Some(&item.block));
        self.skip_if_test(&item.attrs, item);
        visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        self.skip_if_test(&item.attrs, item);
        visit::visit_item_impl(self, item);
    }

    /// Tests inside of a macro, such as one that generates their inputs.
    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        let tokens = item.mac.tokens.to_string();
        let behind = tokens.split("# [test]").skip(1);
        let names = behind.filter_map(|text| {
            let name = text.split_once("fn ")?.1.split(['(', ' ']).next()?;
            Some(name.to_owned())
        });
        self.tests.extend(names);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig, Some(&item.block));
        self.skip_if_test(&item.attrs, item);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.add(&item.sig, item.default.as_ref());
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let path = attribute.path();
        let is_exception = path.is_ident("allow") || path.is_ident("expect");
        if is_exception && !tokens(attribute).contains("reason") {
            self.bare_exceptions.push(attribute.span().start().line);
        }
    }
}

fn tokens(attribute: &Attribute) -> String {
    match &attribute.meta {
        Meta::List(list) => list.tokens.to_string(),
        Meta::Path(_) | Meta::NameValue(_) => String::new(),
    }
}

fn is_cfg_test(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") && tokens(attribute) == "test"
}

/// `#[test]`, or an attribute of another crate that ends in `::test`.
fn is_test(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|last| last.ident == "test")
}

/// `bool`, a reference to it, or `Option<bool>`: a value that says nothing where it is passed.
/// What a closure returns is another matter.
fn is_bool(of: &Type) -> bool {
    match of {
        Type::Reference(reference) => is_bool(&reference.elem),
        Type::Path(path) => path.path.segments.last().is_some_and(|last| {
            let inner = match &last.arguments {
                PathArguments::AngleBracketed(arguments) => arguments.args.first(),
                PathArguments::None | PathArguments::Parenthesized(_) => None,
            };
            let holds_bool = matches!(inner, Some(GenericArgument::Type(inner)) if is_bool(inner));
            last.ident == "bool" || (last.ident == "Option" && holds_bool)
        }),
        _ => false,
    }
}

mod tests {
    use super::Source;

    fn parse(text: &str) -> Source {
        Source::parse(text).expect("a snippet that parses")
    }

    #[test]
    fn a_long_function_is_found_where_it_stands() {
        let long = format!("\nimpl A {{\n fn f() {{\n{} }}\n}}", "  g();\n".repeat(4));
        assert_eq!(parse(&long).functions_longer_than(6), []);
        let found = parse(&long).functions_longer_than(5);
        assert_eq!(found, [(3, "`f` has 6 lines".to_owned())]);
    }

    #[test]
    fn the_receiver_counts_as_a_parameter() {
        let method = parse("trait A { fn f(&self, a: u8, b: u8); }");
        assert_eq!(method.functions_with_more_than(3), []);
        assert_eq!(method.functions_with_more_than(2).len(), 1);
    }

    #[test]
    fn a_bool_is_found_behind_references_and_options() {
        for bad in [
            "bool",
            "&bool",
            "&mut bool",
            "Option<bool>",
            "core::primitive::bool",
        ] {
            let found = parse(&format!("fn f(a: {bad}) {{}}")).functions_taking_bool();
            assert_eq!(found, [(1, "`f` takes a bool".to_owned())], "{bad}");
        }
    }

    #[test]
    fn a_predicate_is_not_a_bool() {
        let text = "fn f(a: impl Fn(u8) -> bool, b: Vec<bool>) -> bool { a(1) }";
        assert_eq!(parse(text).functions_taking_bool(), []);
    }

    #[test]
    fn tests_are_not_production_lines() {
        let text = "fn f() {}\n\n#[cfg(test)]\nmod tests {\n    fn g() {}\n}\n";
        assert_eq!(parse(text).production_lines, 2);
        let nested = "#[cfg(test)]\nmod tests {\n#[cfg(test)]\nfn g() {}\n}\nfn f() {}\n";
        assert_eq!(parse(nested).production_lines, 1);
        let without = "#[cfg(not(test))]\nmod a {\n    fn g() {}\n}\n";
        assert_eq!(parse(without).production_lines, 4);
    }

    #[test]
    fn tests_are_told_from_what_they_call() {
        let text = "mod tests {\n#[test]\nfn a() {}\nfn b() {}\n#[tokio::test]\nfn c() {}\n}";
        assert_eq!(parse(text).tests, ["a", "c"]);
        let text = "each! {\n#[test]\nfn a(b in c()) {}\n\n#[test]\nfn d(e in f()) {}\nfn g() {} }";
        assert_eq!(parse(text).tests, ["a", "d"]);
    }

    #[test]
    fn an_exception_needs_a_reason() {
        let bad = "fn f() {\n    #[allow(dead_code)]\n    let a = 1;\n}";
        assert_eq!(parse(bad).exceptions_without_reason().len(), 1);
        let bad = "#![expect(dead_code)]";
        assert_eq!(parse(bad).exceptions_without_reason().len(), 1);
        let good = "#[expect(dead_code, reason = \"kept for its size\")]\nfn f() {}";
        assert_eq!(parse(good).exceptions_without_reason(), []);
    }
}
