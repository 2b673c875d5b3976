// What the notebook page needs of CodeMirror 6, and nothing else.
import {acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, startCompletion} from '@codemirror/autocomplete';
import {defaultKeymap, history, historyKeymap, indentWithTab} from '@codemirror/commands';
import {go} from '@codemirror/lang-go';
import {HighlightStyle, bracketMatching, indentOnInput, indentService, indentUnit, syntaxHighlighting} from '@codemirror/language';
import {lintGutter, setDiagnostics} from '@codemirror/lint';
import {highlightSelectionMatches, search, searchKeymap} from '@codemirror/search';
import {Annotation, Compartment, EditorState, Prec} from '@codemirror/state';
import {Decoration, EditorView, MatchDecorator, ViewPlugin, drawSelection, highlightSpecialChars, hoverTooltip, keymap, lineNumbers, tooltips} from '@codemirror/view';
import {tags} from '@lezer/highlight';

export {Annotation, Compartment, Decoration, EditorState, EditorView, HighlightStyle, MatchDecorator, Prec, ViewPlugin, acceptCompletion, autocompletion, bracketMatching, closeBrackets, closeBracketsKeymap,
  completionKeymap, defaultKeymap, drawSelection, go, highlightSelectionMatches, highlightSpecialChars, history, historyKeymap, hoverTooltip,
  indentOnInput, indentService, indentUnit, indentWithTab, keymap, lineNumbers, lintGutter, search, searchKeymap, setDiagnostics, startCompletion, syntaxHighlighting, tags, tooltips};
