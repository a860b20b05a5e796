/** What a problem's code means, as a heading and a sentence on why it matters. */
export interface ProblemWords {
  readonly title: string;
  readonly reason: string;
}

const WORDS: Readonly<Record<string, ProblemWords>> = {
  'empty-file': { title: 'Empty file', reason: 'There is nothing in it. It is left out.' },
  'not-an-image': {
    title: 'Not a picture',
    reason: 'Its bytes are something else, whatever its name says. It is left out.',
  },
  'unsupported-format': { title: 'Format not read', reason: 'Save it as JPEG, PNG or WebP to use it. It is left out.' },
  'too-large': { title: 'Too large', reason: 'It has more pixels than can be read safely. It is left out.' },
  truncated: {
    title: 'Cut short',
    reason: 'The end of the file is missing, often after a broken copy. It is left out.',
  },
  unreadable: { title: "Can't be read", reason: 'It could not be opened or decoded. It is left out.' },
  placeholder: { title: 'Stand-in picture', reason: 'A web site shows it in place of a missing one. It is left out.' },
  symlink: { title: 'Link', reason: 'Links are not followed: copy the file here to use it.' },
  hidden: { title: 'Hidden', reason: 'Its name begins with a dot. It is left out.' },
  'outside-classes': {
    title: 'Outside every class',
    reason: 'It lies in no class folder, so it has no class. It is left out.',
  },
  renamed: {
    title: 'Named differently',
    reason: 'Its name in the archive would not do on every computer, or another file has it. It is used.',
  },
  'renamed-folder': {
    title: 'Folder named differently',
    reason:
      'Its name in the archive would not do on every computer, or another folder has it. It is a class of its own.',
  },
  'too-small': { title: 'Very small', reason: 'So few pixels show little. It is used.' },
  'extreme-aspect': { title: 'Very long or tall', reason: 'Framing cuts most of it away. It is used.' },
  duplicate: { title: 'Copy', reason: 'The same file is there twice and counts twice. It is used.' },
  'duplicate-across-splits': {
    title: 'In training and validation',
    reason: 'The network is tested on what it has learnt by heart, so the accuracy looks too good.',
  },
  'duplicate-label-conflict': {
    title: 'In two classes',
    reason: 'The same picture is in two classes, so one of them is wrong.',
  },
  'empty-class': { title: 'Class without pictures', reason: 'Nothing in its folder can be used.' },
  'single-image-class': {
    title: 'Class of one picture',
    reason: 'One picture can be trained on or validated on, not both.',
  },
};

/** Codes of problems that are about a class rather than a picture: no picture of the grid has them. */
const OF_CLASSES: ReadonlySet<string> = new Set(['empty-class', 'single-image-class', 'renamed-folder']);
/** Codes of problems of files that are in no class: no picture of the grid has them, either. */
const OUTSIDE: ReadonlySet<string> = new Set(['outside-classes', 'symlink', 'hidden']);

/** Heading and reason of a problem; a code that is new here is shown as it is. */
export const problemWords = (code: string): ProblemWords => WORDS[code] ?? { title: code, reason: '' };

/** Whether the grid has pictures to show for a problem. */
export const isShownInGrid = (code: string): boolean => !OF_CLASSES.has(code) && !OUTSIDE.has(code);
